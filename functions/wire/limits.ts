/** Every limit on the wire. Sizes are in bytes of UTF-8 unless stated otherwise. */
export const limits = {
  /** A message in either direction. API Gateway: message payload 128 KiB. */
  messageBytes: 131_072,
  /** A client's path; an escape counts as three bytes. */
  pathBytes: 1_024,
  /** The URL a client opens, in characters. API Gateway: URL length 4,096. */
  urlLength: 4_096,
  userBytes: 256,
  stateBytes: 4_096,
  /** The name of a group. */
  groupBytes: 256,
  /** The groups of one socket, and the bytes of their names together. Its record holds them. */
  groups: 50,
  groupsBytes: 1_024,
  /** Names in one `join` or one `leave`. */
  groupsPerAction: 50,
  /** API Gateway's ids have 16 characters. This leaves room for longer ones. */
  socketIdLength: 128,
  /** Sockets in one send, or in one `except`. */
  sendSockets: 1_000,
  /** Form fields in a call of the HTTP API: enough to name more sockets than a send may, and get the right error. */
  formFields: 1_024,
  /** Sockets that a broadcast reaches within its call. A larger one goes on after the answer. */
  broadcastInCall: 500,
  /** How long the progress of a broadcast is kept, in seconds. */
  broadcastSeconds: 86_400,
  /** The characters of an idempotency key. */
  idempotencyKeyLength: 255,
  /** How long the answer to a call with an idempotency key is kept, in seconds. */
  idempotencySeconds: 86_400,
  /** The ids of one send with an idempotency key that no socket can have. The answer repeats them, and it is kept. */
  keptIdsBytes: 131_072,
  /** How long a dead letter is kept, in seconds. */
  deadLetterSeconds: 1_209_600,
  /**
   * Dead letters in a page that has their bodies. JSON may write a byte of a body with six, and Lambda writes the answer as
   * JSON again, with seven. It may be at most 6 MB.
   */
  deadLetterBodies: 6,
  /** Sends in one actions document, and broadcasts. */
  actionsPerKind: 100,
  /** The outbox of a socket: the messages that wait until its client is connected. */
  outboxBytes: 262_144,
  outboxMessages: 100,
  /** The messages of one socket whose first attempts failed, each with 256 bytes more. */
  failedBytes: 16_777_216,
  /** The app's answer to a hook. */
  answerBytes: 1_048_576,
  ticketSeconds: 86_400,
  ticketSecondsDefault: 3_600,
  /** Rows in one page of a list. */
  pageSize: 1_000,
  pageSizeDefault: 100,
  /** How far `GET /groups/{group}` counts. */
  groupCount: 10_000,
  /** How long an idle connection lives. API Gateway: 10 minutes. */
  idleMs: 600_000,
  /** How long any connection lives. API Gateway: 2 hours. */
  lifeMs: 7_200_000,
} as const;
