import type { Connections, Posted } from '../../functions/gateway/ports.ts';
import { type CloseCode, closeCodes } from '../../functions/wire/close-codes.ts';
import type { SocketId } from '../../functions/wire/socket-id.ts';

/**
 * Decides the result of the next post to a connection. `attempt` counts from 1. To throw means that the world fails.
 */
export type Script = (attempt: number, body: string) => Posted | Promise<Posted>;

/** A message that arrived at a client. */
export interface Arrived {
  readonly socket: SocketId;
  readonly body: string;
}

/** Connections that behave as a test scripts them. A connection without a script accepts everything. */
export class FakeConnections implements Connections {
  /** The messages that were posted, in order. */
  readonly arrived: Arrived[] = [];
  readonly ended: SocketId[] = [];
  /** The codes that they were closed with. */
  readonly codes: number[] = [];
  /** The sockets that were probed, in order, and those whose connection does not exist. */
  readonly probed: SocketId[] = [];
  readonly missing = new Set<SocketId>();
  readonly #scripts = new Map<SocketId, Script>();
  readonly #attempts = new Map<SocketId, number>();

  script(socket: SocketId, script: Script): void {
    this.#scripts.set(socket, script);
  }

  async post(socket: SocketId, body: string): Promise<Posted> {
    const attempt = this.attempts(socket) + 1;
    this.#attempts.set(socket, attempt);
    const posted = (await this.#scripts.get(socket)?.(attempt, body)) ?? { kind: 'posted' };
    if (posted.kind === 'posted') this.arrived.push({ socket, body });
    return posted;
  }

  async close(socket: SocketId, { code }: CloseCode = closeCodes.normal): Promise<void> {
    this.ended.push(socket);
    this.codes.push(code);
  }

  async has(socket: SocketId): Promise<boolean> {
    this.probed.push(socket);
    return !this.missing.has(socket);
  }

  /** How often a socket was posted to. */
  attempts(socket: SocketId): number {
    return this.#attempts.get(socket) ?? 0;
  }

  /** The bodies that arrived at a socket. */
  of(socket: SocketId): string[] {
    return this.arrived.filter((one) => one.socket === socket).map(({ body }) => body);
  }
}
