/**
 * What API Gateway says of the connection in every event of a WebSocket API. The published types are wrong in places.
 * Here and below null, or nothing, comes from emulators.
 */
interface WebSocketContext {
  readonly connectionId: string;
  readonly requestId: string;
  readonly requestTimeEpoch?: number | null;
  readonly identity?: { readonly sourceIp?: string | null } | null;
}

/** One text of each name, the last. */
type Texts = Readonly<Record<string, string | null | undefined>>;
/** All texts of each name. */
type Lists = Readonly<Record<string, readonly string[] | null | undefined>>;

/** The event of `$connect`. A client can choose the route key of a message, so the event type alone is to be trusted. */
export interface ConnectEvent {
  /** Text, decoded as UTF-8; names are in any case. */
  readonly headers?: Texts | null;
  readonly multiValueHeaders?: Lists | null;
  /** Decoded; absent without a query. */
  readonly queryStringParameters?: Texts | null;
  readonly multiValueQueryStringParameters?: Lists | null;
  readonly requestContext: WebSocketContext & { readonly eventType: 'CONNECT' | 'MESSAGE' | 'DISCONNECT' };
}

/** The event of a message. */
export interface MessageEvent {
  readonly body?: string | null;
  readonly requestContext: WebSocketContext & {
    readonly eventType: 'CONNECT' | 'MESSAGE' | 'DISCONNECT';
    readonly messageId?: string | null;
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

/** What a handler of a WebSocket API answers. */
export interface WebSocketResult {
  readonly statusCode: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** A request to an HTTP API, payload format 2.0. */
export interface HttpEvent {
  /** `GET /sockets/{socket}`, or `$default` for what no route takes. */
  readonly routeKey: string;
  /** Decoded by API Gateway, in spite of its name. */
  readonly rawPath: string;
  readonly rawQueryString?: string | null;
  /** In lower case. */
  readonly headers?: Texts | null;
  /** Absent without any. */
  readonly pathParameters?: Texts | null;
  readonly body?: string | null;
  /** True for forms, among others. */
  readonly isBase64Encoded: boolean;
  readonly requestContext: {
    readonly requestId: string;
    /** What an authorizer says of whom it has let in; absent where the route has none. No client can write it. */
    readonly authorizer?: {
      readonly iam?: { readonly userArn?: string | null } | null;
    } | null;
  };
}

/** What a handler of an HTTP API answers. */
export interface HttpResult {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A batch of queued tasks. */
export interface QueueEvent {
  readonly Records: readonly QueueRecord[];
}

/** One of them. */
export interface QueueRecord {
  readonly messageId: string;
  readonly body: string;
  /** Names this one receipt of it. */
  readonly receiptHandle?: string;
  readonly attributes?: {
    /** How often it was received, this time included. */
    readonly ApproximateReceiveCount?: string;
  };
}

/** Those of a batch that are to come again. */
export interface QueueResult {
  readonly batchItemFailures: readonly { readonly itemIdentifier: string }[];
}

/** What EventBridge hands to a schedule's function. */
export interface ScheduleEvent {
  /** When it was due: ISO 8601, UTC, whole seconds. */
  readonly time: string;
}

/** What Lambda tells a function of its run. */
export interface LambdaContext {
  getRemainingTimeInMillis(): number;
}
