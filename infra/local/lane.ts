import type { SocketId } from '../../functions/wire/socket-id.ts';
import { Backlog, messageWeight, type WaitingMessage } from './backlog.ts';
import { newId } from './ids.ts';

/** A piece of work. */
export type Job = () => Promise<void>;

/** A message, as it is handed over when its turn has come. */
export interface NextMessage {
  readonly id: string;
  readonly body: string;
  /** When it came, in milliseconds since 1970. */
  readonly time: number;
}

/** Who looks after lanes. */
export interface LaneKeeper {
  /** There is nothing more to do in it, for now. */
  settled(lane: Lane): void;
  fault(lane: Lane, fault: unknown): void;
  /** What waits in it has grown by so many bytes, or shrunk. */
  weighed(bytes: number): void;
  /** Whether all sockets together have much waiting. */
  readonly isPressed: boolean;
  /** Whether there is room for a message of this weight to be under way; if not, the lane may park. */
  hasRoom(weight: number): boolean;
  /** The lane waits for room, and is to be resumed when there may be some. */
  park(lane: Lane): void;
  /** What is under way has grown by so many bytes, or shrunk. */
  ran(bytes: number): void;
}

/** Who has messages in a lane. */
export interface LaneOwner {
  /** The next message; the one behind it waits until this is done. */
  relay(message: NextMessage): Promise<unknown>;
  /** What waited was dropped, since all clients together have too much waiting and this one the most. */
  shed(): void;
}

/**
 * The work on one socket, one piece after another in the order in which it came: the hooks of messages, and tasks. A new
 * lane is held until it is released.
 */
export class Lane {
  readonly socket: SocketId;
  /** Whether nothing more will come once its work is done. */
  isEnded = false;
  readonly #keeper: LaneKeeper;
  readonly #backlog = new Backlog();
  readonly #tasks: { readonly job: Job; readonly name: string; readonly behind: number }[] = [];
  #owner: LaneOwner | undefined;
  /** How many messages have come, and how many of them do not wait any more. */
  #came = 0;
  #begun = 0;
  #held = 0;
  /** What the message under way takes. */
  #running = 0;
  #isShed = false;
  #isHeld = true;
  #isRunning = false;
  #isParked = false;
  #current = '';

  constructor(socket: SocketId, keeper: LaneKeeper) {
    this.socket = socket;
    this.#keeper = keeper;
  }

  /** Whether there is nothing to do and nothing to wait for. */
  get isIdle(): boolean {
    return !this.#isHeld && !this.#isRunning && !this.#isParked;
  }

  /** What the messages that wait take, in bytes. */
  get waiting(): number {
    return this.#backlog.weight;
  }

  /** What its socket takes in all, in bytes; nothing once it was shed, since there is nothing more to be had from it. */
  get weight(): number {
    return this.#isShed ? 0 : this.waiting + this.#held + this.#running;
  }

  /** Whether all sockets together have much waiting. */
  get isPressed(): boolean {
    return this.#keeper.isPressed;
  }

  /** What is being done, and the tasks that are still to do, by the names that they were given. */
  get unfinished(): string[] {
    return [...(this.#isRunning ? [this.#current] : []), ...this.#tasks.map(({ name }) => name)];
  }

  /** Whose messages come to it. */
  own(owner: LaneOwner): void {
    this.#owner = owner;
  }

  /** Adds a task behind all that has come. */
  push(job: Job, name = ''): void {
    this.#tasks.push({ job, name, behind: this.#came });
    this.#start();
  }

  /** Adds a message of so many bytes. */
  receive(body: string, bytes: number, time: number): void {
    this.#came += 1;
    const weight = messageWeight(bytes);
    if (this.isIdle && this.#keeper.hasRoom(weight)) {
      void this.#run({ body, time, weight });
      return;
    }
    this.#backlog.push({ body, time, weight });
    this.#weigh(weight);
    this.#start();
  }

  /** Counts memory that its socket takes in another way. */
  hold(bytes: number): void {
    this.#held += bytes;
    this.#weigh(bytes);
  }

  release(): void {
    this.#isHeld = false;
    this.#start();
  }

  /** Goes on, if there is room by now. */
  resume(): void {
    this.#isParked = false;
    this.#start();
  }

  /** Drops the messages that wait; how many there were. */
  drop(): number {
    const before = this.#backlog.weight;
    const count = this.#backlog.clear();
    this.#begun += count;
    if (count > 0) this.#weigh(-before);
    if (this.#isParked) this.resume();
    return count;
  }

  /** Drops the messages that wait, and tells whose they were. */
  shed(): number {
    const count = this.drop();
    this.#weigh(-this.weight);
    this.#isShed = true;
    this.#owner?.shed();
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
      } catch (fault) {
        this.#keeper.fault(this, fault);
      }
      this.#weighRunning(0);
    }
    this.#isRunning = false;
    this.#keeper.settled(this);
  }

  /** Begins what is to be done next. */
  #next(): Promise<unknown> | undefined {
    const [task] = this.#tasks;
    if (task !== undefined && task.behind <= this.#begun) {
      this.#tasks.shift();
      this.#current = task.name;
      return task.job();
    }
    if (!this.#keeper.hasRoom(this.#backlog.firstWeight ?? 0)) {
      this.#isParked = true;
      this.#keeper.park(this);
      return undefined;
    }
    const message = this.#backlog.shift();
    if (message === undefined) return undefined;
    this.#weigh(-message.weight);
    return this.#relay(message);
  }

  #relay({ body, time, weight }: WaitingMessage): Promise<unknown> {
    this.#begun += 1;
    const id = newId();
    this.#current = `message_${id}`;
    // Its text, and the hook that it is made into.
    this.#weighRunning(2 * weight);
    return this.#owner?.relay({ id, body, time }) ?? Promise.resolve();
  }

  #weighRunning(weight: number): void {
    const grown = weight - this.#running;
    this.#running = weight;
    if (grown === 0) return;
    this.#weigh(grown);
    this.#keeper.ran(grown);
  }

  #weigh(bytes: number): void {
    if (!this.#isShed) this.#keeper.weighed(bytes);
  }
}
