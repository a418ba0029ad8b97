/**
 * Every limit on the wire, each with its reason. Sizes are bytes of UTF-8 unless they say otherwise.
 */
export const limits = {
  /** A message in either direction. API Gateway: message payload 128 KiB. */
  messageBytes: 131_072,
  /** A client's path, escapes counted as they stand. */
  pathBytes: 1_024,
  /** The URL a client opens, in characters. API Gateway: URL length 4,096. */
  urlLength: 4_096,
  userBytes: 256,
  stateBytes: 4_096,
  /** Longer ids than API Gateway's 16 characters are possible, endless ones are not. */
  socketIdLength: 128,
  /** Sockets in one send, and in one `except`. */
  sendSockets: 1_000,
  /** Fields of a form that calls the HTTP API: a send to as many sockets as it may name, and some more to be told so. */
  formFields: 1_024,
  /** Sends, and broadcasts, in one actions document. */
  actionsPerKind: 100,
  /** What waits for a client that is still opening. */
  outboxBytes: 262_144,
  outboxMessages: 100,
  /** The app's answer to a hook. */
  answerBytes: 1_048_576,
  ticketSeconds: 86_400,
  ticketSecondsDefault: 3_600,
  /** Rows in one page of `GET /sockets`. */
  pageSize: 1_000,
  pageSizeDefault: 100,
  /** How long an idle connection lives. API Gateway: 10 minutes. */
  idleMs: 600_000,
  /** How long any connection lives. API Gateway: 2 hours. */
  lifeMs: 7_200_000,
} as const;
