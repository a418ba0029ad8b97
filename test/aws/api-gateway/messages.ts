/**
 * Messages, each an invocation of its own:
 * - a message goes to $default, whatever it says
 * - a message with "sockethook": "ping" goes to the MOCK route, which invokes nothing and returns a pong
 * - messages are invoked at once, none waits for the one before it
 * - jitter puts each invocation off, so that order is lost
 * - with returnResponse the client gets the body of what the Lambda returned, and no body is no frame
 * - without returnResponse what the Lambda returned is discarded
 * - a Lambda that throws makes an "Internal server error" frame, and the connection stays open
 * - a Lambda that returns no status makes an "Internal server error" frame
 * - a body of more than 128 KiB makes an "Internal server error" frame
 * - a Lambda that takes too long makes an "Endpoint request timed out" frame
 * - an integration of type AWS hands over what its template makes of a message, and the client gets nothing
 * - a message that the other service does not take makes an "Internal server error" frame
 * - without a $default route a message makes a "Forbidden" frame
 * - the fault duplicateMessage: a message is invoked twice with the same ids
 * - the fault reverseMessages: so many messages are invoked in reverse
 * - the fault systemRoutes: a message can select $connect and $disconnect, as an event of type MESSAGE
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Api, QueuedMessages } from './api.ts';
import type { Connection } from './connection.ts';
import { errorFrame, gatewayMessages } from './error-frames.ts';
import { type MessageEvent, messageEvent } from './events.ts';
import type { Lambda, Outcome } from './invocations.ts';
import { lambdaResponse } from './lambda-response.ts';
import { rendered } from './template.ts';

/** The route selection expression is `$request.body.sockethook`. */
const selector = 'sockethook';
/** The key of the route with the MOCK integration. */
const mockRoute = 'ping';
/** The template of its integration response. */
const pong = '{"sockethook":"pong"}';

/** Takes what clients send to the route that it selects. */
export class Messages {
  readonly #api: Api;
  #held: (() => void)[] = [];

  constructor(api: Api) {
    this.#api = api;
  }

  /** Takes a text of a client. */
  receive(from: Connection, body: string): void {
    const { faults, invocations } = this.#api;
    const selected = select(body);
    if (selected === mockRoute) {
      from.send(pong);
      return;
    }
    const isSystemRoute = faults.systemRoutes && (selected === '$connect' || selected === '$disconnect');
    const event = messageEvent(this.#api, from.client, isSystemRoute ? selected : '$default', body);
    const times = faults.strikes('duplicateMessage', from.client.connectionId) ? 2 : 1;
    this.#inTurn(() => {
      for (let time = 0; time < times; time++) invocations.begin(() => this.#dispatch(from, event));
    });
  }

  #inTurn(begin: () => void): void {
    const { faults } = this.#api;
    this.#held.push(begin);
    if (this.#held.length < faults.reverseMessages) return;
    const held = this.#held.reverse();
    this.#held = [];
    faults.reverseMessages = 0;
    for (const next of held) next();
  }

  async #dispatch(from: Connection, event: MessageEvent): Promise<void> {
    const { jitter, invocations } = this.#api;
    const delay = jitter();
    if (delay > 0) await sleep(delay);
    const { queued } = this.#api;
    if (queued !== undefined && event.requestContext.routeKey === '$default')
      return this.#handOver(queued, from, event);
    const lambda = this.#lambda(event.requestContext.routeKey);
    const frame =
      lambda === undefined
        ? errorFrame(gatewayMessages.forbidden, event.requestContext)
        : this.#frame(await invocations.invoke(lambda, event), event);
    if (frame !== '') from.send(frame);
  }

  #handOver({ template, take }: QueuedMessages, from: Connection, event: MessageEvent): void {
    try {
      take(rendered(template, event));
    } catch (error) {
      this.#api.invocations.errors.push(error);
      from.send(errorFrame(gatewayMessages.internal, event.requestContext));
    }
  }

  #lambda(routeKey: string): Lambda<MessageEvent> | undefined {
    const { $connect, $default, $disconnect } = this.#api.routes;
    if (routeKey === '$connect') return $connect;
    return routeKey === '$disconnect' ? $disconnect : $default;
  }

  /** What the client gets; empty for nothing. */
  #frame(outcome: Outcome, { requestContext }: MessageEvent): string {
    if (outcome.kind === 'timed-out') return errorFrame(gatewayMessages.timedOut, requestContext);
    const response = outcome.kind === 'returned' ? lambdaResponse(outcome.value) : undefined;
    const { returnResponse, limits } = this.#api;
    const isTooBig = returnResponse && Buffer.byteLength(response?.body ?? '') > limits.messageBytes;
    if (response === undefined || isTooBig) return errorFrame(gatewayMessages.internal, requestContext);
    return returnResponse ? (response.body ?? '') : '';
  }
}

function select(body: string): unknown {
  try {
    const parsed: unknown = JSON.parse(body);
    return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)
      ? Object.entries(parsed).find(([name]) => name === selector)?.[1]
      : undefined;
  } catch {
    return undefined;
  }
}
