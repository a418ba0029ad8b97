/** What a Lambda proxy integration may return. */
export interface LambdaResponse {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body?: string;
}

/** Reads what a Lambda returned; undefined if malformed: no status, one that HTTP lacks, a body that is no text. */
export function lambdaResponse(value: unknown): LambdaResponse | undefined {
  if (!isRecord(value)) return undefined;
  const { statusCode, headers = {}, body } = value;
  const isStatus = Number.isInteger(statusCode) && Number(statusCode) >= 200 && Number(statusCode) <= 599;
  if (!isStatus || !isRecord(headers)) return undefined;
  if (body !== undefined && typeof body !== 'string') return undefined;
  return { statusCode: Number(statusCode), headers, ...(body !== undefined && { body }) };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
