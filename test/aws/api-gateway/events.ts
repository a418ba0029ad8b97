/**
 * The events that Lambdas get, in the shape of captures since 2023 (no explicit nulls):
 * - a $connect event has headers and multiValueHeaders, one text and all texts of each
 * - a $connect event has the query only when there is one: the last value of each name, and all of them
 * - a message event has its body as a text and a messageId, and neither headers nor query
 * - a $disconnect event has synthetic headers, the code and the reason, and no query
 * - requestId is extendedRequestId, another for each event; connectionId and connectedAt stay for life
 * - identity has the peer address and, only if the client named one, the user agent, on every event
 * - a Lambda gets a copy of its event, so nothing that it does to it is seen by another
 */
import type { Api } from './api.ts';
import type { ClientFacts } from './client-facts.ts';
import type { Ending } from './endings.ts';
import { newId } from './ids.ts';

/** What every event says about its connection and itself. */
export interface RequestContext {
  readonly messageDirection: 'IN';
  readonly stage: string;
  readonly apiId: string;
  readonly domainName: string;
  readonly connectionId: string;
  /** Milliseconds since 1970. */
  readonly connectedAt: number;
  readonly requestTimeEpoch: number;
  /** Common Log Format: `11/Nov/2024:11:35:24 +0000`. */
  readonly requestTime: string;
  readonly requestId: string;
  readonly extendedRequestId: string;
  readonly identity: { readonly sourceIp: string; readonly userAgent?: string };
}

/** A client wants in. */
export interface ConnectEvent {
  readonly headers: Readonly<Record<string, string>>;
  readonly multiValueHeaders: Readonly<Record<string, string[]>>;
  readonly queryStringParameters?: Readonly<Record<string, string>>;
  readonly multiValueQueryStringParameters?: Readonly<Record<string, string[]>>;
  readonly requestContext: RequestContext & { readonly routeKey: '$connect'; readonly eventType: 'CONNECT' };
  readonly isBase64Encoded: false;
}

/** A client sent a text. */
export interface MessageEvent {
  readonly requestContext: RequestContext & {
    readonly routeKey: string;
    readonly eventType: 'MESSAGE';
    readonly messageId: string;
  };
  readonly body: string;
  readonly isBase64Encoded: false;
}

/** A connection is no more. */
export interface DisconnectEvent {
  readonly headers: Readonly<Record<string, string>>;
  readonly multiValueHeaders: Readonly<Record<string, string[]>>;
  readonly requestContext: RequestContext & {
    readonly routeKey: '$disconnect';
    readonly eventType: 'DISCONNECT';
    readonly disconnectStatusCode: number;
    readonly disconnectReason: string;
  };
  readonly isBase64Encoded: false;
}

/** The event of a client that wants in. */
export function connectEvent(api: Api, client: ClientFacts): ConnectEvent {
  const { headers, query } = client;
  const hasQuery = Object.keys(query).length > 0;
  return {
    headers: last(headers),
    multiValueHeaders: headers,
    ...(hasQuery && { queryStringParameters: last(query), multiValueQueryStringParameters: query }),
    requestContext: { routeKey: '$connect', eventType: 'CONNECT', ...context(api, client) },
    isBase64Encoded: false,
  };
}

/** The event of a text that a client sent. */
export function messageEvent(api: Api, client: ClientFacts, routeKey: string, body: string): MessageEvent {
  return {
    requestContext: { routeKey, eventType: 'MESSAGE', messageId: newId(), ...context(api, client) },
    body,
    isBase64Encoded: false,
  };
}

/** The event of a connection that ended. */
export function disconnectEvent(api: Api, client: ClientFacts, { code, reason }: Ending): DisconnectEvent {
  const headers = { Host: [api.domainName], 'x-api-key': [''], 'X-Forwarded-For': [''], 'x-restapi': [''] };
  return {
    headers: last(headers),
    multiValueHeaders: headers,
    requestContext: {
      routeKey: '$disconnect',
      eventType: 'DISCONNECT',
      disconnectStatusCode: code,
      disconnectReason: reason,
      ...context(api, client),
    },
    isBase64Encoded: false,
  };
}

function context({ stage, apiId, domainName }: Api, client: ClientFacts): RequestContext {
  const now = new Date();
  const requestId = newId();
  const { connectionId, connectedAt, identity } = client;
  return {
    messageDirection: 'IN',
    stage,
    apiId,
    domainName,
    connectionId,
    connectedAt,
    requestTimeEpoch: now.getTime(),
    requestTime: commonLogTime(now),
    requestId,
    extendedRequestId: requestId,
    identity,
  };
}

function commonLogTime(date: Date): string {
  const [, day, month, year, time] = date.toUTCString().split(' ');
  return `${day}/${month}/${year}:${time} +0000`;
}

function last(values: Readonly<Record<string, readonly string[]>>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([name, all]) => [name, all.at(-1) ?? '']));
}
