/**
 * Every problem that the gateway reports to an app or a client, with its HTTP status and a one-line title. The codes
 * are stable. docs/http-api.md lists the same codes, which a test compares.
 */
export const problems = {
  malformed_request: { status: 400, title: 'The request cannot be read' },
  malformed_body: { status: 400, title: 'The body cannot be read' },
  missing_field: { status: 400, title: 'A field is missing' },
  unknown_field: { status: 400, title: 'A field is unknown' },
  invalid_field: { status: 400, title: 'A field has a value that is not allowed' },
  unauthorized: { status: 401, title: 'An API key is needed' },
  not_found: { status: 404, title: 'No such call' },
  unknown_broadcast: { status: 404, title: 'No such broadcast is known' },
  unknown_dead_letter: { status: 404, title: 'No such dead letter is kept' },
  unknown_socket: { status: 404, title: 'No such socket is open' },
  method_not_allowed: { status: 405, title: 'This call needs another method' },
  too_many_groups: { status: 409, title: 'The socket would be in too many groups' },
  idempotency_key_in_use: { status: 409, title: 'A call with this idempotency key is running' },
  idempotency_key_reused: { status: 422, title: 'The idempotency key belongs to another call' },
  too_many_idempotency_keys: { status: 429, title: 'Too many idempotency keys are kept' },
  too_many_broadcasts: { status: 429, title: 'Too many broadcasts are running' },
  request_timed_out: { status: 408, title: 'The request took too long to arrive' },
  body_too_large: { status: 413, title: 'The body is too large' },
  unsupported_media_type: { status: 415, title: "The body's media type is not supported" },
  headers_too_large: { status: 431, title: 'The headers are too large' },
  internal_error: { status: 500, title: 'The gateway failed' },

  invalid_upgrade: { status: 400, title: 'This is not a WebSocket handshake' },
  invalid_path: { status: 400, title: 'The path is not allowed' },
  url_too_long: { status: 414, title: 'The URL is too long' },
  invalid_ticket: { status: 401, title: 'The ticket is not valid' },
  ticket_required: { status: 401, title: 'A ticket is needed' },
  origin_refused: { status: 403, title: 'Pages of this origin may not connect' },
  closed_by_app: { status: 403, title: 'The app closed the socket before it was open' },
  refused_by_app: { status: 403, title: 'The app refused the connection' },
  app_failed: { status: 502, title: 'The app did not give a usable answer' },
  app_away: { status: 503, title: 'The app is away' },
  app_timed_out: { status: 504, title: 'The app did not answer in time' },
  store_unavailable: { status: 503, title: 'The gateway cannot store the socket now' },
  shutting_down: { status: 503, title: 'The gateway is stopping' },
} as const satisfies Record<string, { readonly status: number; readonly title: string }>;

/** A stable code of a problem. */
export type ProblemCode = keyof typeof problems;

/** The details of a problem: a sentence that says what to do, the field at fault, the limit that was exceeded. */
export interface ProblemDetails {
  readonly detail?: string;
  readonly field?: string;
  readonly limit?: number;
  /** Overrides the status of the table: the one that the app refused with. */
  readonly status?: number;
}

/** An RFC 9457 problem. It omits `type`, which means `about:blank` (section 3.1.1). */
export interface Problem extends ProblemDetails {
  readonly title: string;
  readonly status: number;
  readonly code: ProblemCode;
}

/** Makes a problem from its code, with the details of this case. */
export function problem(code: ProblemCode, details: ProblemDetails = {}): Problem {
  const { status, title } = problems[code];
  return { title, status, code, ...details };
}

/** The media type of a problem. RFC 9457 section 6.1. */
export const problemType = 'application/problem+json';
