import type { Clock, Log } from '../gateway/ports.ts';
import type { SocketTask } from '../gateway/tasks.ts';
import { hookId } from '../wire/hook.ts';
import type { SocketId } from '../wire/socket-id.ts';
import type { WaitingMessage } from './backlog.ts';
import { type Ids, uniqueIds } from './ids.ts';
import type { QueuedMessage } from './message-consumer.ts';
import { MessageLosses } from './message-losses.ts';
import { OldBacklogs } from './old-backlogs.ts';
import { noRoom, PacedKeeper, type WaitingHooks } from './paced-keeper.ts';
import type { Pressure, QueueSupervisor } from './queue-supervisor.ts';
import { SocketQueue } from './socket-queue.ts';

/** A message of at most this weight, in bytes, never waits for room. Most messages are far smaller. */
const smallWeight = 16_384;

/** What was shed is kept in the store one message after another. Until then it may weigh this part of the total. */
const shedDivisor = 8;

/**
 * A queue for each socket, in which its hooks and tasks follow one another (promise 7: order). Different sockets do not
 * wait for each other. When all backlogs together are too large, the largest is shed first: its client is closed, and
 * what it had sent is kept.
 */
export class SocketQueues implements QueueSupervisor<SocketQueue> {
  readonly #queues = new Map<SocketId, SocketQueue>();
  readonly #runTask: (task: SocketTask) => Promise<void>;
  readonly #log: Log;
  readonly #maxBytes: number;
  #waiters: (() => void)[] = [];
  #weight = 0;
  /** The same of the queues that were shed. */
  #shedWeight = 0;
  /** The weight of the messages that are being relayed, and the queues that wait until it is less. */
  #running = 0;
  readonly #parked = new Set<SocketQueue>();
  /** The sockets whose hooks wait to be tried again. */
  readonly #blocked = new Set<SocketId>();
  /** The sockets whose closed task is queued, or runs. */
  readonly #owed = new Set<SocketId>();
  readonly #hooks: WaitingHooks | undefined;
  readonly #keeper: PacedKeeper;
  readonly #losses: MessageLosses;
  readonly #oldBacklogs: OldBacklogs;
  readonly newId: () => string;

  /** `maxBytes`: the most that all sockets together may weigh. */
  constructor(
    runTask: (task: SocketTask) => Promise<void>,
    log: Log,
    maxBytes: number = Number.POSITIVE_INFINITY,
    hooks?: WaitingHooks,
    ids: Pick<Ids, 'message'> = uniqueIds,
  ) {
    this.#hooks = hooks;
    this.newId = ids.message;
    this.#keeper = new PacedKeeper(hooks, ids, (queue, why) => this.#refused(queue, why));
    this.#losses = new MessageLosses(log);
    this.#oldBacklogs = new OldBacklogs(log);
    this.#runTask = runTask;
    this.#log = log;
    this.#maxBytes = maxBytes;
  }

  /** Opens the queue of a socket that is about to open. It is held. The caller has to end it. */
  open(socket: SocketId): SocketQueue {
    const queue = new SocketQueue(socket, this);
    this.#queues.set(socket, queue);
    if (this.#blocked.has(socket)) queue.block();
    return queue;
  }

  /**
   * Forgets the queue of a socket that has ended, as soon as its work is done. Messages that still wait after
   * `keepAfterMs` are kept, and take their turn among the hooks that wait, since no client is left to wait for their
   * replies.
   */
  end(socket: SocketId, keepAfterMs: number = Number.POSITIVE_INFINITY): void {
    const queue = this.#queues.get(socket);
    if (queue === undefined) return;
    queue.isEnded = true;
    if (queue.waiting > 0 && Number.isFinite(keepAfterMs))
      setTimeout(() => queue.keepWaiting(), keepAfterMs).unref();
    queue.release();
  }

  async enqueue(task: SocketTask, delayMs = 0): Promise<void> {
    if (delayMs > 0) {
      setTimeout(() => void this.enqueue(task), delayMs).unref();
      return;
    }
    if (task.kind === 'closed' && this.#owed.has(task.socket)) return;
    const known = this.#queues.get(task.socket);
    const queue = known ?? this.open(task.socket);
    queue.push(task.kind === 'closed' ? this.#closedJob(task) : () => this.#runTask(task));
    if (known === undefined) this.end(task.socket);
  }

  /** Hooks of a socket wait to be tried again: nothing of it goes on before they are done. */
  block(socket: SocketId): void {
    this.#blocked.add(socket);
    this.#queues.get(socket)?.block();
  }

  /** No hook of a socket waits any more. */
  unblock(socket: SocketId): void {
    this.#blocked.delete(socket);
    this.#queues.get(socket)?.unblock();
  }

  /** Warns of messages that wait for long, but not of those that wait behind hooks that are tried again. */
  warnOfOldBacklogs(clock: Clock): void {
    const queues = this.#queues.values();
    const slow =
      this.#blocked.size === 0 ? queues : [...queues].filter(({ socket }) => !this.#blocked.has(socket));
    this.#oldBacklogs.check(slow, clock);
  }

  /** Closes a client because there is no room for what it has sent. */
  refuse(socket: SocketId): void {
    const queue = this.#queues.get(socket);
    if (queue !== undefined) this.#lose(queue, queue.shed(false), noRoom);
  }

  /** Keeps all messages, so that the next hook of each socket without one is its closed hook. */
  keepAll(): void {
    for (const queue of this.#queues.values()) queue.keepAll();
  }

  /** Keeps at once what is still to be kept, since there is no more time. */
  keepRest(): void {
    this.#keeper.drainAtOnce();
  }

  drain(queue: SocketQueue): void {
    this.#keeper.drain(queue);
  }

  keep(queue: SocketQueue, message: WaitingMessage): void {
    this.#keeper.append(queue, message);
  }

  keepRelayed(queue: SocketQueue, message: QueuedMessage): void {
    this.#keeper.prepend(queue, message);
  }

  /** Whether no hook of a socket is being posted. If one is, the keeper hears when it is done. */
  isResting(socket: SocketId): boolean {
    return this.#queues.get(socket)?.isRunning !== true;
  }

  async keptRelayed({ socket }: SocketQueue, { id }: QueuedMessage): Promise<void> {
    await this.#hooks?.done(socket, id);
  }

  /** Resolves when no queue has anything to do. */
  async idle(): Promise<void> {
    if (!this.#isIdle()) await new Promise<void>((resolve) => this.#waiters.push(resolve));
  }

  settled(queue: SocketQueue): void {
    this.#hooks?.rested(queue.socket);
    if (queue.isEnded && queue.isIdle && this.#queues.get(queue.socket) === queue)
      this.#queues.delete(queue.socket);
    if (this.#waiters.length === 0 || !this.#isIdle()) return;
    for (const resolve of this.#waiters) resolve();
    this.#waiters = [];
  }

  failed({ socket }: SocketQueue, error: unknown): void {
    this.#log.error('fault', { request: hookId('closed', socket), why: String(error) });
  }

  /** The messages that wait for their turn, counted one by one, and the bytes of these and of those being posted. */
  get backlog(): { readonly messages: number; readonly bytes: number } {
    const messages = [...this.#queues.values()].reduce((sum, { backlog }) => sum + backlog.count, 0);
    return { messages, bytes: this.#weight + this.#shedWeight };
  }

  get pressure(): Pressure {
    if (this.#weight <= this.#maxBytes / 2) return 'none';
    return this.#weight <= (this.#maxBytes / 4) * 3 ? 'some' : 'high';
  }

  /** Small messages always have room. A large one has room if no other message is being relayed. */
  hasRoom(weight: number): boolean {
    return weight <= smallWeight || this.#running === 0 || this.#running + weight <= this.#maxBytes / 2;
  }

  park(queue: SocketQueue): void {
    this.#parked.add(queue);
  }

  runningChanged(bytes: number): void {
    this.#running += bytes;
    if (bytes > 0 || this.#parked.size === 0) return;
    for (const queue of [...this.#parked]) {
      this.#parked.delete(queue);
      queue.resume();
      if (this.#parked.has(queue)) return;
    }
  }

  shedWeightChanged(bytes: number): void {
    this.#shedWeight += bytes;
  }

  weightChanged(bytes: number): void {
    this.#weight += bytes;
    // Shedding shrinks the weight in several steps. No other queue is chosen between them.
    if (bytes <= 0) return;
    while (this.#weight > this.#maxBytes) if (!this.#shed()) return;
  }

  /** Sheds the heaviest queue. False if that frees nothing. */
  #shed(): boolean {
    let heaviest: SocketQueue | undefined;
    for (const queue of this.#queues.values()) {
      if (queue.weight > (heaviest?.weight ?? 0)) heaviest = queue;
    }
    if (heaviest === undefined) return false;
    const before = this.#weight;
    const request = hookId('closed', heaviest.socket);
    const isKept = this.#shedWeight + heaviest.waiting <= this.#maxBytes / shedDivisor;
    const waiting = heaviest.shed(isKept);
    this.#log.warn('client_shed', { request, waiting });
    if (!isKept) this.#lose(heaviest, waiting, 'all clients together have too much waiting');
    return this.#weight < before;
  }

  /** A client whose message can't be kept is closed, so that it knows. */
  #refused(queue: SocketQueue, why: string): void {
    this.#lose(queue, 1 + queue.shed(false), why);
  }

  #lose({ socket }: SocketQueue, count: number, why: string): void {
    if (count > 0) this.#losses.add(socket, count, why);
  }

  /** Each sweep queues the closed task of a socket again, while it waits for its turn. One is enough. */
  #closedJob(task: SocketTask): () => Promise<void> {
    this.#owed.add(task.socket);
    return () => this.#runTask(task).finally(() => this.#owed.delete(task.socket));
  }

  #isIdle(): boolean {
    return [...this.#queues.values()].every((queue) => queue.isResting);
  }
}
