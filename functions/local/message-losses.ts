import type { Log } from '../gateway/ports.ts';
import { hookId } from '../wire/hook.ts';
import type { SocketId } from '../wire/socket-id.ts';

/** The messages that are lost in one turn of the event loop: one line for each socket, however many they are. */
export class MessageLosses {
  readonly #log: Pick<Log, 'error'>;
  #losses = new Map<SocketId, { count: number; readonly why: string }>();

  constructor(log: Pick<Log, 'error'>) {
    this.#log = log;
  }

  /** Some messages of a socket are lost. */
  add(socket: SocketId, count: number, why: string): void {
    if (this.#losses.size === 0) setImmediate(() => this.#write());
    const loss = this.#losses.get(socket);
    if (loss === undefined) this.#losses.set(socket, { count, why });
    else loss.count += count;
  }

  #write(): void {
    const losses = this.#losses;
    this.#losses = new Map();
    for (const [socket, { count, why }] of losses)
      this.#log.error('messages_lost', { request: hookId('closed', socket), count, why });
  }
}
