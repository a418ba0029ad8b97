import type { Clock, Connections, Posted } from '../gateway/ports.ts';
import { payloadBytes, textFrame } from '../websocket/frames.ts';
import { type CloseCode, closeCodes } from '../wire/close-codes.ts';
import { restartReason } from '../wire/restart-notice.ts';
import type { SocketId } from '../wire/socket-id.ts';
import { drain } from './drain.ts';
import type { Session } from './session.ts';
import { Traffic } from './traffic.ts';

/** How long a session may be idle, and how long it may live, in milliseconds. API Gateway's limits are the default. */
export interface Lifetime {
  readonly idleMs: number;
  readonly lifeMs: number;
}

/** The open sessions of this process: the connections that can be posted to. */
export class Sessions implements Connections {
  /** The messages of all clients, also of those that have gone. */
  readonly traffic = new Traffic();
  readonly #sessions = new Map<SocketId, Session>();
  /** The last posted text and its frame: a broadcast posts one text to all. */
  #last = { text: '', frame: textFrame('') };

  /** How many there are. */
  get size(): number {
    return this.#sessions.size;
  }

  add(session: Session): void {
    this.#sessions.set(session.socket, session);
  }

  delete(session: Session): void {
    this.#sessions.delete(session.socket);
  }

  post(socket: SocketId, body: string): Posted {
    const session = this.#sessions.get(socket);
    if (session === undefined) return { kind: 'gone' };
    const frame = this.#frameOf(body);
    const posted = session.post(frame);
    if (posted.kind === 'posted') this.traffic.sent(payloadBytes(frame));
    return posted;
  }

  async close(socket: SocketId, how: CloseCode = closeCodes.normal): Promise<void> {
    const session = this.#sessions.get(socket);
    if (how.code === closeCodes.overloaded.code) session?.close(how);
    else session?.closeForApp(how);
  }

  async has(socket: SocketId): Promise<boolean> {
    return this.#sessions.has(socket);
  }

  #frameOf(text: string): Uint8Array {
    if (text !== this.#last.text) this.#last = { text, frame: textFrame(text) };
    return this.#last.frame;
  }

  /** Ends every session, and queues all their closed hooks. */
  closeAll(how: CloseCode): void {
    for (const session of this.#sessions.values()) session.close(how);
  }

  /** Ends every session, one after another, spread evenly over `withinMs` milliseconds. Resolves when all have ended. */
  drain(withinMs: number, clock: Pick<Clock, 'monotonic' | 'sleep'>): Promise<void> {
    const { code } = closeCodes.restarting;
    const how = (backMs: number): CloseCode => ({ code, reason: restartReason(backMs) });
    return drain([...this.#sessions.values()], how, withinMs, clock);
  }

  /** Ends every remaining connection without a close frame. */
  terminateAll(): void {
    for (const session of this.#sessions.values()) session.terminate();
  }

  /**
   * Ends the sessions that have been idle or open for too long, and probes clients that have been paused for long. `now`
   * is on the monotonic clock.
   */
  expire(now: number, { idleMs, lifeMs }: Lifetime): void {
    for (const session of this.#sessions.values()) {
      session.probe(now);
      if (session.idleAt(now) >= idleMs || now - session.openedAt >= lifeMs)
        session.close(closeCodes.goingAway);
    }
  }
}
