/** The parts of a request to a Function URL that an app needs. Payload format 2.0. */
export interface FunctionUrlEvent {
  /** With the caller's escapes. */
  readonly rawPath: string;
  readonly rawQueryString: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly requestContext: { readonly domainName: string; readonly http: { readonly method: string } };
  readonly body?: string;
  /** True unless the body is text or JSON. */
  readonly isBase64Encoded: boolean;
}

/** The result that a Function URL expects. */
export interface FunctionUrlResult {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Turns an event into a Fetch-style request. */
export function toRequest(event: FunctionUrlEvent): Request {
  const { domainName, http } = event.requestContext;
  const query = event.rawQueryString === '' ? '' : `?${event.rawQueryString}`;
  const { rawPath, headers, body = '' } = event;
  return new Request(`https://${domainName}${rawPath}${query}`, {
    method: http.method,
    headers: { ...headers },
    body: /^(?:GET|HEAD)$/.test(http.method)
      ? null
      : Buffer.from(body, event.isBase64Encoded ? 'base64' : 'utf8'),
  });
}

/** Turns a Fetch-style response into a result. */
export async function toResult(response: Response): Promise<FunctionUrlResult> {
  const headers = Object.fromEntries(response.headers);
  return { statusCode: response.status, headers, body: await response.text() };
}
