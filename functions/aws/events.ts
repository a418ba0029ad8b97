/**
 * What every event of a WebSocket API says about the connection. The published types are wrong in places. Here and below,
 * null and missing values come from emulators.
 */
interface WebSocketContext {
  readonly connectionId: string;
  readonly requestId: string;
  readonly requestTimeEpoch?: number | null;
  readonly identity?: { readonly sourceIp?: string | null } | null;
}

/** One text for each name: the last one. */
type Texts = Readonly<Record<string, string | null | undefined>>;
/** All texts for each name. */
type Lists = Readonly<Record<string, readonly string[] | null | undefined>>;

/** The event of `$connect`. A client can choose the route key of a message, so trust only the event type. */
export interface ConnectEvent {
  /** Decoded as UTF-8. Names may be in any case. */
  readonly headers?: Texts | null;
  readonly multiValueHeaders?: Lists | null;
  /** Decoded. Absent if there is no query. */
  readonly queryStringParameters?: Texts | null;
  readonly multiValueQueryStringParameters?: Lists | null;
  readonly requestContext: WebSocketContext & { readonly eventType: 'CONNECT' | 'MESSAGE' | 'DISCONNECT' };
}

/**
 * The event of a message, from API Gateway itself, or from the template of the stack for messages that Lambda queues.
 */
export interface MessageEvent {
  /**
   * How the function is invoked. Only the template says so, and no client can: it has no say in this part of an event.
   */
  readonly invocationType?: 'Event' | null;
  readonly body?: string | null;
  readonly isBase64Encoded?: boolean | null;
  readonly requestContext: Omit<WebSocketContext, 'requestTimeEpoch'> & {
    readonly eventType: 'CONNECT' | 'MESSAGE' | 'DISCONNECT';
    readonly messageId?: string | null;
    /** The template writes it as a text. */
    readonly requestTimeEpoch?: number | string | null;
  };
}

/** The event of `$disconnect`, which is best effort. */
export interface DisconnectEvent {
  readonly requestContext: WebSocketContext & {
    readonly eventType: 'CONNECT' | 'MESSAGE' | 'DISCONNECT';
    readonly disconnectStatusCode?: number | null;
    readonly disconnectReason?: string | null;
  };
}

/** The result of a WebSocket API handler. */
export interface WebSocketResult {
  readonly statusCode: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** A request to an HTTP API, payload format 2.0. */
export interface HttpEvent {
  /** For example `GET /sockets/{socket}`, or `$default` if no route matches. */
  readonly routeKey: string;
  /** API Gateway decodes it, despite its name. */
  readonly rawPath: string;
  readonly rawQueryString?: string | null;
  /** In lower case. */
  readonly headers?: Texts | null;
  /** Absent if there are none. */
  readonly pathParameters?: Texts | null;
  readonly body?: string | null;
  /** True for forms, among others. */
  readonly isBase64Encoded: boolean;
  readonly requestContext: {
    readonly requestId: string;
    /** The caller, as the authorizer knows it. Absent if the route has no authorizer. A client can't forge it. */
    readonly authorizer?: {
      readonly iam?: { readonly userArn?: string | null } | null;
    } | null;
  };
}

/** The result of an HTTP API handler. */
export interface HttpResult {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A batch of queued tasks. Lambda: all are of one queue, that of the event source. */
export interface QueueEvent {
  readonly Records: readonly QueueRecord[];
}

/** One task of a batch. */
export interface QueueRecord {
  readonly messageId: string;
  readonly body: string;
  /** Identifies this delivery of the message. */
  readonly receiptHandle?: string;
  /** The ARN of its queue. */
  readonly eventSourceARN?: string;
  readonly attributes?: {
    /** How often the message was received, this time included. */
    readonly ApproximateReceiveCount?: string;
  };
}

/** The tasks of a batch that failed and must come again. */
export interface QueueResult {
  readonly batchItemFailures: readonly { readonly itemIdentifier: string }[];
}

/** The event that EventBridge sends to the function of a schedule. */
export interface ScheduleEvent {
  /** When the run was due: ISO 8601, UTC, whole seconds. */
  readonly time: string;
}

/** What Lambda tells a function about its run. */
export interface LambdaContext {
  getRemainingTimeInMillis(): number;
}
