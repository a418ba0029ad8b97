/** A request to a Function URL, payload format 2.0; of it what an app needs. */
export interface FunctionUrlEvent {
  /** As the caller escaped it. */
  readonly rawPath: string;
  readonly rawQueryString: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly requestContext: { readonly domainName: string; readonly http: { readonly method: string } };
  readonly body?: string;
  /** True for all but text and JSON. */
  readonly isBase64Encoded: boolean;
}

/** What a Function URL answers. */
export interface FunctionUrlResult {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A Fetch-style request of an event. */
export function toRequest(event: FunctionUrlEvent): Request {
  const { domainName, http } = event.requestContext;
  const query = event.rawQueryString === '' ? '' : `?${event.rawQueryString}`;
  const { rawPath, headers, body = '' } = event;
  return new Request(`https://${domainName}${rawPath}${query}`, {
    ...{ method: http.method, headers: { ...headers } },
    body: /^(?:GET|HEAD)$/.test(http.method)
      ? null
      : Buffer.from(body, event.isBase64Encoded ? 'base64' : 'utf8'),
  });
}

/** The result of a Fetch-style response. */
export async function toResult(response: Response): Promise<FunctionUrlResult> {
  const headers = Object.fromEntries(response.headers);
  return { statusCode: response.status, headers, body: await response.text() };
}
