import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Gateway } from '../../functions/gateway/gateway.ts';
import { disconnect } from '../../functions/gateway/relay/disconnect.ts';
import { type Admission, handshake } from '../../functions/gateway/relay/handshake.ts';
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
import { checkUpgrade, clientHeaders, refuseUpgrade } from './upgrade.ts';

/** How long a client has to answer a close frame before its connection is cut, in milliseconds. */
const closeTimeout = 2_000;

/**
 * Where WebSockets come in. The HTTP upgrade waits for the handshake; a refusal is a real HTTP answer. Until the
 * client is in, its lane is held, so what is to follow the handshake follows it.
 */
export class WebSocketDoor {
  readonly #gateway: Gateway;
  readonly #sessions: Sessions;
  readonly #lanes: Lanes;
  readonly #limits: LocalLimits;
  readonly #subprotocols = new WeakMap<IncomingMessage, string>();
  readonly #server: WebSocketServer;
  #isClosing = false;

  constructor(gateway: Gateway, sessions: Sessions, lanes: Lanes, limits: LocalLimits) {
    this.#gateway = gateway;
    this.#sessions = sessions;
    this.#lanes = lanes;
    this.#limits = limits;
    const options = {
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: limits.messageBytes,
      closeTimeout,
      // Only what the app chose; without a choice there is none, as on API Gateway.
      handleProtocols: (_: Set<string>, request: IncomingMessage) => this.#subprotocols.get(request) ?? false,
    };
    this.#server = new WebSocketServer(options);
  }

  /** From now on every client is refused with 503. */
  close(): void {
    this.#isClosing = true;
  }

  /** Takes an upgrade request from its first byte to a session or a refusal. */
  async knock(request: IncomingMessage, connection: Duplex, head: Buffer): Promise<void> {
    connection.on('error', () => connection.destroy());
    const refusal = this.#isClosing
      ? problem('shutting_down')
      : checkUpgrade(request, this.#limits.urlLength);
    if (refusal !== undefined) return refuseUpgrade(connection, refusal);
    const socket = newSocketId();
    const lane = this.#lanes.open(socket);
    const admission = await this.#ask(socket, request);
    if (admission.kind === 'refused') {
      refuseUpgrade(connection, admission.problem, admission.headers);
      return this.#lanes.end(socket);
    }
    if (admission.subprotocol !== undefined) this.#subprotocols.set(request, admission.subprotocol);
    await this.#enter(socket, lane, request, connection, head);
  }

  async #ask(socket: SocketId, request: IncomingMessage): Promise<Admission> {
    const { clock, log } = this.#gateway;
    try {
      return await handshake(this.#gateway, {
        socket,
        target: parseTarget(request.url ?? ''),
        headers: clientHeaders(request),
        peer: (request.socket.remoteAddress ?? '').replace(/^::ffff:/, ''),
        time: clock.now(),
      });
    } catch (fault) {
      log.error('fault', { request: `handshake_${socket}`, why: String(fault) });
      return { kind: 'refused', problem: problem('internal_error') };
    }
  }

  /** Completes the upgrade of a client that the app let in, if it is still there and we are not about to stop. */
  async #enter(
    socket: SocketId,
    lane: Lane,
    request: IncomingMessage,
    connection: Duplex,
    head: Buffer,
  ): Promise<void> {
    let session: Session | undefined;
    if (!this.#isClosing && connection.readable && connection.writable) {
      this.#server.handleUpgrade(request, connection, head, (ws) => {
        session = this.#begin(socket, lane, ws, connection);
      });
    }
    if (session !== undefined) return lane.release();
    if (this.#isClosing) refuseUpgrade(connection, problem('shutting_down'));
    await disconnect(this.#gateway, socket, this.#isClosing ? closeCodes.goingAway : closeCodes.abnormal);
    this.#lanes.end(socket);
  }

  #begin(socket: SocketId, lane: Lane, ws: WebSocket, connection: Duplex): Session {
    const session = new Session(this.#gateway, socket, { ws, connection }, lane, this.#limits);
    this.#sessions.add(session);
    ws.on('close', () => {
      this.#sessions.delete(session);
      this.#lanes.end(socket);
    });
    return session;
  }
}
