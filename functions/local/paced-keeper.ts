import type { SocketId } from '../wire/socket-id.ts';
import type { WaitingMessage } from './backlog.ts';
import type { Ids } from './ids.ts';
import type { QueuedMessage } from './message-consumer.ts';
import type { SocketQueue } from './socket-queue.ts';
import type { WaitingArrival } from './stored.ts';

/**
 * The most weight that is being kept at a time, in bytes. While a message is being kept it takes several times the
 * memory that it takes in a backlog, and what is kept in one turn of the event loop holds up everything else.
 */
const maxWeight = 524_288;

/** Why a message is lost that the store has no room for. */
export const noRoom = 'there is no room for messages that wait behind others';

/** Keeps messages over the death of the process. */
export interface Keeper {
  /** Keeps a message behind the hooks of its socket that wait. `full`: there is no room for it. */
  append(arrival: WaitingArrival): Promise<'kept' | 'full'>;
  /** The same before those hooks. */
  prepend(arrival: WaitingArrival): Promise<'kept' | 'full'>;
}

/** The hooks that wait to be tried again, and what is kept behind them. */
export interface WaitingHooks extends Keeper {
  /** No message of a socket is being relayed any more. */
  rested(socket: SocketId): void;
  /** A message that is kept, with this id, is done, unless its hook has failed and is kept to be tried again. */
  done(socket: SocketId, id: string): Promise<void>;
}

/** Gives the messages of queues to a keeper, a few at a time. The others stay in their backlogs, where they count. */
export class PacedKeeper {
  readonly #keeper: Keeper | undefined;
  readonly #ids: Pick<Ids, 'message'>;
  readonly #refused: (queue: SocketQueue, why: string) => void;
  /** The queues whose messages are to be kept. They take turns. */
  readonly #draining = new Set<SocketQueue>();
  /** The weight of what is being kept. */
  #weight = 0;

  /** `refused` is called for each message that could not be kept. */
  constructor(
    keeper: Keeper | undefined,
    ids: Pick<Ids, 'message'>,
    refused: (queue: SocketQueue, why: string) => void,
  ) {
    this.#keeper = keeper;
    this.#ids = ids;
    this.#refused = refused;
  }

  /** Whether a message may be kept now. */
  get hasRoom(): boolean {
    return this.#weight < maxWeight;
  }

  /** Asks a queue for its messages, as there is room, until it has no more to be kept. */
  drain(queue: SocketQueue): void {
    this.#draining.add(queue);
    this.#drainAll();
  }

  /** Does that at once for all queues, however much it is. */
  drainAtOnce(): void {
    for (const queue of this.#draining) queue.keepAtOnce();
    this.#draining.clear();
  }

  /** Keeps a message, behind the hooks of its socket that wait. */
  append(queue: SocketQueue, { body, time, weight }: WaitingMessage): void {
    this.#weight += weight;
    const { socket } = queue;
    const kept = this.#keeper?.append({ kind: 'message', socket, id: this.#ids.message(), body, time });
    void this.#settle(queue, kept).then(() => {
      this.#weight -= weight;
      this.#drainAll();
    });
  }

  /** Keeps a message before those hooks. */
  prepend(queue: SocketQueue, message: QueuedMessage): void {
    const { socket } = queue;
    void this.#settle(queue, this.#keeper?.prepend({ kind: 'message', socket, ...message }));
  }

  async #settle(queue: SocketQueue, kept: Promise<'kept' | 'full'> | undefined): Promise<void> {
    try {
      if ((await kept) === 'kept') return;
      this.#refused(queue, noRoom);
    } catch (error) {
      this.#refused(queue, String(error));
    }
  }

  #drainAll(): void {
    for (const queue of this.#draining) {
      if (!this.hasRoom) return;
      this.#draining.delete(queue);
      if (queue.keepNext()) this.#draining.add(queue);
    }
  }
}
