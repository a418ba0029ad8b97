import type { Clock, Connections, Log, Posted } from '../../functions/gateway/ports.ts';
import type { SocketId } from '../../functions/wire/socket-id.ts';
import type { ApiGateway } from './api-gateway.ts';
import type { Random } from './random.ts';
import type { SimulatedClock } from './simulated-clock.ts';

/** When a simulation begins, in milliseconds since 1970. */
const beginsAt = 1_764_003_600_000;

/** The memory of a process: what it has at rest, in megabytes, of a record, and of a post in progress, in bytes. */
const memory = { restMb: 90, record: 1_200, post: 16_000 };

/** A process of a function, as long as it lives. Nothing that it waits for happens after its death. */
export class Process {
  isDead = false;
  peakMb = memory.restMb;
  /** The records that it has read and not handed on. */
  #records = 0;
  #posts = 0;
  readonly #clock: SimulatedClock;
  readonly #random: Random;

  constructor(clock: SimulatedClock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  /** Plans what happens in `ms` milliseconds, if the process lives until then. */
  after(ms: number, happen: () => void): void {
    this.#clock.after(ms, () => {
      if (!this.isDead) happen();
    });
  }

  readonly sleep = (ms: number): Promise<void> => new Promise((resolve) => this.after(ms, resolve));

  get clock(): Clock {
    return {
      now: () => beginsAt + this.#clock.time,
      monotonic: () => this.#clock.time,
      sleep: this.sleep,
      random: () => this.#random.next(),
    };
  }

  /** It has read this many records more, or handed them on. */
  readonly holds = (records: number): void => {
    this.#records = Math.max(0, this.#records + records);
    this.#measure();
  };

  posting(posts: 1 | -1): void {
    this.#posts += posts;
    this.#measure();
  }

  #measure(): void {
    const bytes = this.#records * memory.record + this.#posts * memory.post;
    this.peakMb = Math.max(this.peakMb, memory.restMb + bytes / 1_048_576);
  }
}

/** How many connections to @connections a function of 1,024 MB has (functions/aws/settings.ts). */
const connections = 85;

/** The CPU time of a post on the share of a core that such a function has, in milliseconds. */
const cpuMs = 0.1;

/** @connections as one process sees it: on few connections, with little CPU. */
export class ProcessConnections implements Connections {
  readonly #process: Process;
  readonly #clock: SimulatedClock;
  readonly #api: ApiGateway;
  #busy = 0;
  #freeAt = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(process: Process, clock: SimulatedClock, api: ApiGateway) {
    this.#process = process;
    this.#clock = clock;
    this.#api = api;
  }

  post(socket: SocketId): Promise<Posted> {
    this.#process.posting(1);
    return new Promise((resolve) => {
      const begin = (): void => {
        const began = Math.max(this.#freeAt, this.#clock.time);
        this.#freeAt = began + cpuMs;
        const [posted, ms] = this.#api.post(socket);
        this.#process.after(began + cpuMs - this.#clock.time + ms, () => {
          this.#ended();
          resolve(posted);
        });
      };
      if (this.#busy >= connections) {
        this.#waiting.push(begin);
        return;
      }
      this.#busy += 1;
      begin();
    });
  }

  /** Its connection goes to the next post. */
  #ended(): void {
    this.#process.posting(-1);
    const next = this.#waiting.shift();
    if (next === undefined) this.#busy -= 1;
    else next();
  }

  async close(): Promise<void> {}

  async has(): Promise<boolean> {
    return true;
  }
}

/** A log that counts the lines of each event. */
export class CountingLog implements Log {
  readonly counts = new Map<string, number>();

  readonly info = (event: string): void => this.#count(event);
  readonly warn = (event: string): void => this.#count(event);
  readonly warnOnce = (event: string): void => this.#count(event);
  readonly error = (event: string): void => this.#count(event);

  #count(event: string): void {
    this.counts.set(event, (this.counts.get(event) ?? 0) + 1);
  }
}
