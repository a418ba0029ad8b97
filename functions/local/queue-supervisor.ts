import type { WaitingMessage } from './backlog.ts';
import type { QueuedMessage } from './message-consumer.ts';

/**
 * How large all backlogs together are: at most half of what they may be, more than that, or more than three quarters.
 */
export type Pressure = 'none' | 'some' | 'high';

/** Supervises the queues of all sockets. */
export interface QueueSupervisor<Queue> {
  /** A new id for a message. */
  newId(): string;
  /** The queue has nothing more to do for now. */
  settled(queue: Queue): void;
  failed(queue: Queue, error: unknown): void;
  /** The weight of the queue has grown by this number of bytes, or shrunk. */
  weightChanged(bytes: number): void;
  /** The weight of a queue that was shed has grown by this number of bytes, or shrunk, until its backlog is kept. */
  shedWeightChanged(bytes: number): void;
  /** How large all backlogs together are. */
  readonly pressure: Pressure;
  /** Whether a message of this weight may be relayed now. If not, the queue may park. */
  hasRoom(weight: number): boolean;
  /** The queue waits for room. The supervisor resumes it when there may be some. */
  park(queue: Queue): void;
  /** The weight of the messages that are being relayed has grown by this number of bytes, or shrunk. */
  runningChanged(bytes: number): void;
  /** The queue has messages to be kept. The supervisor asks it for one after another, when it may keep them. */
  drain(queue: Queue): void;
  /** Keeps a message behind the hooks of its socket that wait. */
  keep(queue: Queue, message: WaitingMessage): void;
  /** Keeps the message that is being relayed, before those hooks. */
  keepRelayed(queue: Queue, message: QueuedMessage): void;
  /** A message that was kept while it was being relayed is done. */
  keptRelayed(queue: Queue, message: QueuedMessage): Promise<void>;
}
