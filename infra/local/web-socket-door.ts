import type { Gateway } from '../../functions/gateway/gateway.ts';
import { disconnect } from '../../functions/gateway/relay/disconnect.ts';
import { type Admission, handshake } from '../../functions/gateway/relay/handshake.ts';
import { readRequestTarget } from '../../functions/websocket/request-target.ts';
import type { Upgrade } from '../../functions/websocket/upgrade.ts';
import type { WebSocketConnection } from '../../functions/websocket/web-socket-connection.ts';
import { closeCodes } from '../../functions/wire/close-codes.ts';
import { problem } from '../../functions/wire/problems.ts';
import type { SocketId } from '../../functions/wire/socket-id.ts';
import { parseTarget } from '../../functions/wire/target.ts';
import { newSocketId } from './ids.ts';
import type { Lane } from './lane.ts';
import type { Lanes } from './lanes.ts';
import { Session } from './session.ts';
import type { Sessions } from './sessions.ts';
import type { LocalLimits } from './settings.ts';
import { clientHeaders, refusalAnswer, upgradeProblem } from './upgrade.ts';

/**
 * Where WebSockets come in. The HTTP upgrade waits for the handshake; a refusal is a real HTTP answer. Until the
 * client is in, its lane is held, so what is to follow the handshake follows it.
 */
export class WebSocketDoor {
  readonly #gateway: Gateway;
  readonly #sessions: Sessions;
  readonly #lanes: Lanes;
  readonly #limits: LocalLimits;
  readonly #gone: (session: Session) => void;
  #isClosing = false;

  constructor(gateway: Gateway, sessions: Sessions, lanes: Lanes, limits: LocalLimits) {
    this.#gateway = gateway;
    this.#sessions = sessions;
    this.#lanes = lanes;
    this.#limits = limits;
    this.#gone = (session) => {
      sessions.delete(session);
      lanes.end(session.socket, limits.goneMs);
    };
  }

  /** From now on every client is refused with 503. */
  close(): void {
    this.#isClosing = true;
  }

  /** Takes an upgrade request from its first byte to a session or a refusal. */
  async knock(upgrade: Upgrade): Promise<void> {
    const refusal = this.#isClosing
      ? problem('shutting_down')
      : upgradeProblem(upgrade.head, this.#limits.urlLength);
    if (refusal !== undefined) return upgrade.refuse(refusalAnswer(refusal));
    const socket = newSocketId();
    const lane = this.#lanes.open(socket);
    const admission = await this.#ask(socket, upgrade);
    if (admission.kind === 'accepted') return this.#enter(lane, upgrade, admission.subprotocol);
    upgrade.refuse(refusalAnswer(admission.problem, admission.headers));
    this.#lanes.end(socket);
  }

  async #ask(socket: SocketId, { head, peer }: Upgrade): Promise<Admission> {
    const { clock, log } = this.#gateway;
    try {
      return await handshake(this.#gateway, {
        socket,
        target: parseTarget(readRequestTarget(head.target).target),
        headers: clientHeaders(head),
        peer: peer.replace(/^::ffff:/, ''),
        time: clock.now(),
      });
    } catch (fault) {
      log.error('fault', { request: `handshake_${socket}`, why: String(fault) });
      return { kind: 'refused', problem: problem('internal_error') };
    }
  }

  /** Completes the upgrade of a client that the app let in, if it is still there and we are not about to stop. */
  async #enter(lane: Lane, upgrade: Upgrade, subprotocol: string | undefined): Promise<void> {
    const isClosing = this.#isClosing;
    const connection = isClosing ? undefined : upgrade.accept(this.#limits.messageBytes, subprotocol);
    if (connection !== undefined) return this.#begin(lane, connection);
    if (isClosing) upgrade.refuse(refusalAnswer(problem('shutting_down')));
    await disconnect(this.#gateway, lane.socket, isClosing ? closeCodes.goingAway : closeCodes.abnormal);
    this.#lanes.end(lane.socket);
  }

  #begin(lane: Lane, connection: WebSocketConnection): void {
    const session = new Session(this.#gateway, lane, connection, this.#limits, this.#gone);
    this.#sessions.add(session);
    lane.release();
    connection.start(session);
  }
}
