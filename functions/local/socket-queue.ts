import type { SocketId } from '../wire/socket-id.ts';
import { Backlog, messageWeight, type WaitingMessage } from './backlog.ts';
import type { Job, MessageConsumer, QueuedMessage } from './message-consumer.ts';
import type { Pressure, QueueSupervisor } from './queue-supervisor.ts';

/** The work on one socket, one piece after another, in order: the hooks of messages, and jobs. A new queue is held. */
export class SocketQueue {
  readonly socket: SocketId;
  /** Whether nothing more will come once its work is done. */
  isEnded = false;
  /** Its messages that wait. Only the queue itself changes them. */
  readonly backlog = new Backlog();
  readonly #supervisor: QueueSupervisor<SocketQueue>;
  readonly #jobs: { readonly job: Job; readonly behind: number }[] = [];
  #consumer: MessageConsumer | undefined;
  /** How many messages have come, and how many of them have left the backlog. */
  #received = 0;
  #started = 0;
  #held = 0;
  /** The weight of the message that is being relayed. */
  #running = 0;
  #isShed = false;
  #isHeld = true;
  #isRunning = false;
  #isParked = false;
  /** Whether hooks of its socket wait to be tried again. Then nothing begins, and messages are kept behind them. */
  #isBlocked = false;
  /** Whether its backlog is being kept. Nothing begins meanwhile. */
  #isKeeping = false;
  /** The message that is being relayed. */
  #relayed: QueuedMessage | undefined;
  /** Whether that message is kept, so that it survives if its hook is not done in time. */
  #isRelayedKept = false;

  constructor(socket: SocketId, supervisor: QueueSupervisor<SocketQueue>) {
    this.socket = socket;
    this.#supervisor = supervisor;
  }

  /** Whether there is nothing to do and nothing to wait for. */
  get isIdle(): boolean {
    return !this.#isBlocked && this.isResting;
  }

  /** Whether there is nothing to do, at least until hooks of its socket have been tried again. */
  get isResting(): boolean {
    return !this.#isHeld && !this.#isRunning && !this.#isParked && !this.#isKeeping;
  }

  /** Whether a message is being relayed, or a job is being done. */
  get isRunning(): boolean {
    return this.#isRunning;
  }

  /** The weight of the backlog, in bytes. */
  get waiting(): number {
    return this.backlog.weight;
  }

  /** The weight of its socket in all, in bytes; 0 once it was shed, since shedding it again would free nothing. */
  get weight(): number {
    return this.#isShed ? 0 : this.waiting + this.#held + this.#running;
  }

  /** How large all backlogs together are. */
  get pressure(): Pressure {
    return this.#supervisor.pressure;
  }

  /** Sets the consumer of its messages. */
  setConsumer(consumer: MessageConsumer): void {
    this.#consumer = consumer;
  }

  /** Adds a job behind everything that has come. */
  push(job: Job): void {
    this.#jobs.push({ job, behind: this.#received });
    this.#start();
  }

  /** Adds a message. `bytes`: the size of its text. */
  receive(body: string, bytes: number, time: number): void {
    this.#received += 1;
    const weight = messageWeight(bytes);
    if (this.isIdle && this.#supervisor.hasRoom(weight)) return void this.#run({ body, time, weight });
    this.backlog.push({ body, time, weight });
    this.#weigh(weight);
    if (this.#isBlocked) this.keepWaiting();
    else this.#start();
  }

  /** Counts other memory that its socket takes. */
  addHeldBytes(bytes: number): void {
    this.#held += bytes;
    if (!this.#isShed) this.#weigh(bytes);
  }

  release(): void {
    this.#isHeld = false;
    this.#start();
  }

  /** Hooks of its socket wait to be tried again. */
  block(): void {
    this.#isBlocked = true;
    this.keepWaiting();
    if (this.#isParked) this.resume();
  }

  /** No hook of its socket waits any more. */
  unblock(): void {
    this.#isBlocked = false;
    // What is not kept yet is relayed as it is.
    this.#isKeeping = false;
    this.#start();
  }

  /** Keeps its messages, so that they survive the process: the one that is being relayed, and those that wait. */
  keepAll(): void {
    if (this.#relayed !== undefined) {
      this.#isRelayedKept = true;
      this.#supervisor.keepRelayed(this, this.#relayed);
    }
    if (this.waiting > 0) this.block();
  }

  /** Keeps the messages that wait, one after another, as its supervisor asks for them. */
  keepWaiting(): void {
    if (this.#isKeeping || this.waiting === 0) return;
    this.#isKeeping = true;
    this.#supervisor.drain(this);
  }

  /** Keeps the oldest message that waits. Returns whether there are more to be kept. */
  keepNext(): boolean {
    if (!this.#isKeeping) return false;
    const message = this.backlog.shift();
    if (message !== undefined) {
      this.#started += 1;
      this.#weigh(-message.weight);
      this.#supervisor.keep(this, message);
      this.#consumer?.shrunk();
    }
    if (this.#isKeeping && this.waiting > 0) return true;
    this.#isKeeping = false;
    this.resume();
    if (!this.#isRunning) this.#supervisor.settled(this);
    return false;
  }

  /** Keeps all messages that wait. */
  keepAtOnce(): void {
    this.#isKeeping ||= this.waiting > 0;
    while (this.keepNext()) {}
  }

  /** Goes on, if there is room now. */
  resume(): void {
    this.#isParked = false;
    this.#start();
  }

  /** Drops its backlog. Returns the number of messages dropped. */
  drop(): number {
    const before = this.backlog.weight;
    const count = this.backlog.clear();
    this.#started += count;
    if (count > 0) this.#weigh(-before);
    if (this.#isParked) this.resume();
    return count;
  }

  /**
   * Ends its session, to free memory. Its backlog is dropped unless it is to be kept. Returns how many messages it has.
   */
  shed(isKept: boolean): number {
    const { count } = this.backlog;
    this.#consumer?.shed();
    if (!isKept) this.drop();
    this.#weigh(-this.weight);
    this.#isShed = true;
    this.#weigh(this.waiting);
    this.keepWaiting();
    return count;
  }

  #start(): void {
    if (this.isIdle) void this.#run();
  }

  async #run(first?: WaitingMessage): Promise<void> {
    this.#isRunning = true;
    let next = first === undefined ? this.#next() : this.#relay(first);
    for (; next !== undefined; next = this.#next()) {
      try {
        await next;
      } catch (error) {
        if (!(this.#relayed && this.#consumer?.failed(error))) this.#supervisor.failed(this, error);
      }
      this.#weighRunning(0);
      const relayed = this.#relayed;
      this.#relayed = undefined;
      if (this.#isRelayedKept && relayed !== undefined) await this.#supervisor.keptRelayed(this, relayed);
      this.#isRelayedKept = false;
    }
    this.#isRunning = false;
    this.#supervisor.settled(this);
  }

  /** Begins the next piece of work. */
  #next(): Promise<unknown> | undefined {
    if (this.#isBlocked || this.#isKeeping) return undefined;
    const [next] = this.#jobs;
    if (next !== undefined && next.behind <= this.#started) {
      this.#jobs.shift();
      return next.job();
    }
    if (!this.#supervisor.hasRoom(this.backlog.firstWeight ?? 0)) {
      this.#isParked = true;
      this.#supervisor.park(this);
      return undefined;
    }
    const message = this.backlog.shift();
    if (message === undefined) return undefined;
    this.#weigh(-message.weight);
    return this.#relay(message);
  }

  #relay({ body, time, weight }: WaitingMessage): Promise<unknown> {
    this.#started += 1;
    const id = this.#supervisor.newId();
    this.#relayed = { id, body, time };
    // The text, and the hook that is made of it.
    this.#weighRunning(2 * weight);
    return this.#consumer?.relay(this.#relayed) ?? Promise.resolve();
  }

  #weighRunning(weight: number): void {
    const grown = weight - this.#running;
    this.#running = weight;
    if (grown === 0) return;
    if (!this.#isShed) this.#weigh(grown);
    this.#supervisor.runningChanged(grown);
  }

  #weigh(bytes: number): void {
    if (this.#isShed) this.#supervisor.shedWeightChanged(bytes);
    else this.#supervisor.weightChanged(bytes);
  }
}
