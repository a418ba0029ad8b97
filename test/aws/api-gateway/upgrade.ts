/**
 * The upgrade of a client, which stays pending until `$connect` has finished:
 * - an upgrade at any path but the stage, with or without a slash behind it, is 403 and invokes nothing
 * - an upgrade that is no WebSocket handshake is 400 and invokes nothing
 * - a refusal has a JSON body with a message and the ids, and no $disconnect follows it
 * - without a $connect route everybody is let in
 * - the 101 comes after $connect has returned, and has no subprotocol unless the Lambda chose one
 * - a client that leaves while $connect runs is told as 1006 once $connect has let it in, else not at all
 * - the fault earlyDisconnect: it is told at once, before $connect has returned
 * - the fault doubleConnect: $connect is invoked twice at once, and the client gets what the first comes to
 * - the fault repeatConnect: $connect is invoked again when it has returned, and that matters to nobody
 */
import { type IncomingMessage, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import type { Api } from './api.ts';
import { type ClientFacts, clientFacts } from './client-facts.ts';
import { connectOutcome } from './connect-outcome.ts';
import { Connection } from './connection.ts';
import { deliverDisconnect } from './disconnect.ts';
import { endings } from './endings.ts';
import { errorFrame, gatewayMessages } from './error-frames.ts';
import { type ConnectEvent, connectEvent, type RequestContext } from './events.ts';
import { watchFrames } from './frames.ts';
import type { Outcome } from './invocations.ts';
import { Messages } from './messages.ts';
import { WaitingClient } from './waiting-client.ts';

/** How long a client has to answer a close frame before its connection is cut. */
const closeTimeout = 2_000;

/** Takes upgrade requests to connections or refusals. */
export class Upgrades {
  readonly #api: Api;
  readonly #messages: Messages;
  readonly #subprotocols = new WeakMap<IncomingMessage, string>();
  readonly #server: WebSocketServer;

  constructor(api: Api) {
    this.#api = api;
    this.#messages = new Messages(api);
    const options = {
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: api.limits.messageBytes,
      closeTimeout,
      handleProtocols: () => false as const,
    };
    this.#server = new WebSocketServer(options);
    this.#server.on('headers', (headers, request) => {
      const subprotocol = this.#subprotocols.get(request);
      if (subprotocol !== undefined) headers.push(`Sec-WebSocket-Protocol: ${subprotocol}`);
    });
  }

  /** Takes one from its first byte to a connection or a refusal. */
  async handle(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const { faults } = this.#api;
    const client = clientFacts(request);
    const { connectionId } = client;
    const event = connectEvent(this.#api, client);
    let isTold = false;
    const tellEnd = (): void => {
      if (!isTold) deliverDisconnect(this.#api, client, endings.vanished);
      isTold = true;
    };
    const waiting = new WaitingClient(socket, head, () => {
      if (faults.strikes('earlyDisconnect', connectionId)) tellEnd();
    });
    const refuse = (status: number, message: string): void => {
      waiting.release();
      writeRefusal(socket, status, message, event.requestContext);
    };
    const error = this.#faultOf(request);
    if (error !== undefined) return refuse(error.status, error.message);
    const outcome = connectOutcome(await this.#connect(event));
    if (outcome.kind === 'refused') return refuse(outcome.status, outcome.message);
    if (outcome.subprotocol !== undefined) this.#subprotocols.set(request, outcome.subprotocol);
    if (waiting.hasLeft || !this.#open(client, request, socket, waiting.release())) tellEnd();
  }

  #connect(event: ConnectEvent): Promise<Outcome> {
    const { faults, invocations, routes } = this.#api;
    const { connectionId } = event.requestContext;
    const first = invocations.invoke(routes.$connect, event);
    const again = (after: Promise<unknown>): void =>
      invocations.begin(async () => {
        await after;
        await invocations.invoke(routes.$connect, event);
      });
    if (faults.strikes('doubleConnect', connectionId)) again(Promise.resolve());
    if (faults.strikes('repeatConnect', connectionId)) again(first);
    return first;
  }

  #faultOf(request: IncomingMessage): { readonly status: number; readonly message: string } | undefined {
    const [path] = (request.url ?? '').split('?');
    const { stage } = this.#api;
    if (path !== `/${stage}` && path !== `/${stage}/`)
      return { status: 403, message: gatewayMessages.forbidden };
    return isHandshake(request) ? undefined : { status: 400, message: 'Bad Request' };
  }

  /** Writes the 101; from here on the id is valid. False if the client has left after all. */
  #open(client: ClientFacts, request: IncomingMessage, socket: Duplex, head: Buffer): boolean {
    let connection: Connection | undefined;
    this.#server.handleUpgrade(request, socket, head, (ws) => {
      const opened = new Connection(this.#api, client, ws, (from, body) =>
        this.#messages.receive(from, body),
      );
      watchFrames(socket, this.#api.limits.frameBytes, () => opened.close(endings.tooBig));
      connection = opened;
    });
    return connection !== undefined;
  }
}

/** RFC 6455 section 4.2.1. */
function isHandshake({ method, headers }: IncomingMessage): boolean {
  return (
    method === 'GET' &&
    headers.upgrade?.toLowerCase() === 'websocket' &&
    /^[+/0-9A-Za-z]{22}==$/.test(headers['sec-websocket-key'] ?? '') &&
    headers['sec-websocket-version'] === '13'
  );
}

function writeRefusal(socket: Duplex, status: number, message: string, context: RequestContext): void {
  const body = errorFrame(message, context);
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Refused'}`,
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    `x-amzn-RequestId: ${context.requestId}`,
    'Connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy());
}
