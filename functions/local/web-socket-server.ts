import type { Gateway } from '../gateway/gateway.ts';
import type { HandshakeOutcome } from '../gateway/relay/connect-request.ts';
import { disconnectInOrder } from '../gateway/relay/disconnect.ts';
import { handshake } from '../gateway/relay/handshake.ts';
import { readRequestTarget } from '../websocket/request-target.ts';
import type { Upgrade } from '../websocket/upgrade.ts';
import type { WebSocketConnection } from '../websocket/web-socket-connection.ts';
import { closeCodes } from '../wire/close-codes.ts';
import { hookId } from '../wire/hook.ts';
import { type Problem, type ProblemCode, problem } from '../wire/problems.ts';
import { type RefusalHeader, restartSeconds } from '../wire/refusal-headers.ts';
import type { SocketId } from '../wire/socket-id.ts';
import { parseTarget } from '../wire/target.ts';
import { type Ids, uniqueIds } from './ids.ts';
import { RecordRefused } from './kept-records.ts';
import { Session } from './session.ts';
import type { Sessions } from './sessions.ts';
import type { LocalLimits } from './settings.ts';
import type { SocketQueue } from './socket-queue.ts';
import type { SocketQueues } from './socket-queues.ts';
import { clientHeaders, refusalResponse, upgradeProblem } from './upgrade.ts';

/** What can come of a connect. */
type ConnectOutcome = 'accepted' | 'abandoned' | ProblemCode;

/**
 * Where WebSockets come in. The HTTP upgrade waits for the handshake, and a refusal is an ordinary HTTP response. Until
 * the client is connected, its queue is held, so that no task overtakes the handshake.
 */
export class WebSocketServer {
  /** How often a connect had each outcome: `accepted`, `abandoned` by its client, or the code of a problem. */
  readonly connects = new Map<ConnectOutcome, number>([
    ['accepted', 0],
    ['abandoned', 0],
    ['refused_by_app', 0],
    ['app_failed', 0],
    ['app_timed_out', 0],
    ['app_away', 0],
  ]);
  readonly #gateway: Gateway;
  readonly #sessions: Sessions;
  readonly #queues: SocketQueues;
  readonly #limits: LocalLimits;
  readonly #gone: (session: Session) => void;
  readonly #ids: Pick<Ids, 'socket'>;
  /** When the sockets are all to be closed, on the monotonic clock; undefined unless the gateway stops. */
  #closedAt: number | undefined;

  constructor(
    gateway: Gateway,
    sessions: Sessions,
    queues: SocketQueues,
    limits: LocalLimits,
    ids: Pick<Ids, 'socket'> = uniqueIds,
  ) {
    this.#ids = ids;
    this.#gateway = gateway;
    this.#sessions = sessions;
    this.#queues = queues;
    this.#limits = limits;
    this.#gone = (session) => {
      sessions.delete(session);
      queues.end(session.socket, limits.goneMs);
    };
  }

  /** From now on every client is refused with 503. The open sockets are closed within `drainMs` milliseconds. */
  close(drainMs = 0): void {
    this.#closedAt = this.#gateway.clock.monotonic() + drainMs;
  }

  /** Takes an upgrade request from its first byte to a session or a refusal. */
  async handle(upgrade: Upgrade): Promise<void> {
    if (this.#closedAt !== undefined) return this.#refuseWhileClosing(upgrade, this.#closedAt);
    const refusal = upgradeProblem(upgrade.head, this.#limits.urlLength);
    if (refusal !== undefined) return this.#refuse(upgrade, refusal);
    const socket = this.#ids.socket();
    const queue = this.#queues.open(socket);
    const outcome = await this.#runHandshake(socket, upgrade);
    if (outcome.kind === 'accepted') return this.#completeUpgrade(queue, upgrade, outcome.subprotocol);
    this.#refuse(upgrade, outcome.problem, outcome.headers);
    this.#queues.end(socket);
  }

  async #runHandshake(socket: SocketId, { head, peer }: Upgrade): Promise<HandshakeOutcome> {
    const { clock, log } = this.#gateway;
    try {
      return await handshake(this.#gateway, {
        socket,
        target: parseTarget(readRequestTarget(head.target).target),
        headers: clientHeaders(head),
        peer: peer.replace(/^::ffff:/, ''),
        time: clock.now(),
      });
    } catch (error) {
      // A socket that gets no closed hook if this process dies must not open. The store has logged why.
      if (error instanceof RecordRefused) return { kind: 'refused', problem: problem('store_unavailable') };
      log.error('fault', { request: hookId('handshake', socket), why: String(error) });
      return { kind: 'refused', problem: problem('internal_error') };
    }
  }

  /** Completes the upgrade of an accepted client, if it is still there and the gateway is not stopping. */
  #completeUpgrade(queue: SocketQueue, upgrade: Upgrade, subprotocol: string | undefined): void {
    const closedAt = this.#closedAt;
    const connection =
      closedAt !== undefined ? undefined : upgrade.accept(this.#limits.messageBytes, subprotocol);
    if (connection !== undefined) {
      this.#count('accepted');
      this.#startSession(queue, connection);
      return;
    }
    if (closedAt === undefined) this.#count('abandoned');
    else this.#refuseWhileClosing(upgrade, closedAt);
    const ending = closedAt !== undefined ? closeCodes.goingAway : closeCodes.abnormal;
    const postClosed = disconnectInOrder(this.#gateway, queue.socket, ending);
    queue.push(postClosed);
    this.#queues.end(queue.socket);
  }

  /** RFC 9110 section 10.2.3: when to come back, in whole seconds. */
  #refuseWhileClosing(upgrade: Upgrade, closedAt: number): void {
    const left = Math.max(0, closedAt - this.#gateway.clock.monotonic());
    const again = String(Math.ceil(left / 1_000) + restartSeconds);
    this.#refuse(upgrade, problem('shutting_down'), [['Retry-After', again]]);
  }

  #refuse(upgrade: Upgrade, problem: Problem, headers?: readonly RefusalHeader[]): void {
    this.#count(problem.code);
    upgrade.refuse(refusalResponse(problem, headers));
  }

  #count(outcome: ConnectOutcome): void {
    this.connects.set(outcome, (this.connects.get(outcome) ?? 0) + 1);
  }

  #startSession(queue: SocketQueue, connection: WebSocketConnection): void {
    const session = new Session(
      this.#gateway,
      queue,
      connection,
      this.#limits,
      this.#gone,
      this.#sessions.traffic,
    );
    this.#sessions.add(session);
    queue.release();
    connection.start(session);
  }
}
