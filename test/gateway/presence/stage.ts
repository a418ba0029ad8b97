import type { Gateway } from '../../../functions/gateway/gateway.ts';
import type { Clock } from '../../../functions/gateway/ports.ts';
import { type Pass, passedGateway } from '../../fakes/passed-gateway.ts';
import { quiet } from '../../fakes/turnstile.ts';
import type { Random } from '../../simulate/random.ts';

/** What may happen to calls and runs. */
export interface Trouble {
  /** How likely a run is to die at each of its calls. */
  killing: number;
  /** The longest pause before a call, in milliseconds. */
  readonly slowestMs: number;
  /** How long a run lasts at most, in milliseconds. */
  readonly lifeMs: number;
  /** How many things may happen before it is clear that it never comes to rest. */
  readonly mostHappenings?: number;
}

interface Happening {
  readonly at: number;
  readonly order: number;
  readonly happen: () => void;
}

interface Run {
  readonly name: string;
  isDead: boolean;
  readonly end: (how: RunEnd) => void;
}

/** How a run has ended. */
export type RunEnd = 'done' | 'failed' | 'died';

/** When every schedule begins, in milliseconds since 1970. */
const beginsAt = 1_764_000_000_000;

/** How many things may happen in one schedule. */
const usualHappenings = 30_000;

const never = new Promise<never>(() => {});

/** Runs of a gateway on a clock that jumps from one event to the next. Chance, which can be repeated, decides the rest. */
export class Stage {
  readonly random: Random;
  readonly trouble: Trouble;
  readonly clock: Clock;
  /** Every call, if somebody reads it. */
  readonly trace: string[] | undefined;
  /** Called after each effect. */
  onEffect: () => void = () => {};
  #now = beginsAt;
  #set = 0;
  #count = 0;
  /** In the order in which they happen, the next one last. */
  readonly #happenings: Happening[] = [];
  readonly #runs = new Set<Run>();

  constructor(random: Random, trouble: Trouble, trace?: string[]) {
    this.random = random;
    this.trouble = trouble;
    this.trace = trace;
    this.clock = {
      now: () => this.#now + this.#set,
      monotonic: () => this.#now,
      random: () => random.next(),
      sleep: (ms) => this.wait(ms),
    };
  }

  /** The true time. */
  get now(): number {
    return this.#now;
  }

  /** How many runs have not ended. */
  get runs(): number {
    return this.#runs.size;
  }

  /** Sets the clock of the gateway, which then says another time than the true one. */
  setClock(ms: number): void {
    this.#set += ms;
  }

  note(...what: readonly string[]): void {
    this.trace?.push(`${((this.#now - beginsAt) / 1_000).toFixed(3)} ${what.join(' ')}`);
  }

  /** A whole number from 0 to before `before`. */
  int(before: number): number {
    return Math.floor(this.random.next() * before);
  }

  pick<Item>(...items: readonly [Item, ...Item[]]): Item {
    return items[this.int(items.length)] ?? items[0];
  }

  chance(share: number): boolean {
    return this.random.next() < share;
  }

  later(ms: number, happen: () => void): void {
    this.#count += 1;
    const one = { at: this.#now + ms, order: this.#count, happen };
    let low = 0;
    for (let high = this.#happenings.length; low < high; ) {
      const middle = (low + high) >> 1;
      if ((this.#happenings[middle]?.at ?? 0) > one.at) low = middle + 1;
      else high = middle;
    }
    this.#happenings.splice(low, 0, one);
  }

  wait(ms: number): Promise<void> {
    return new Promise((resolve) => this.later(ms, resolve));
  }

  /** Begins a run. Returns how it has ended. */
  begin(name: string, gateway: Gateway, flow: (gateway: Gateway) => Promise<unknown>): Promise<RunEnd> {
    return new Promise((resolve) => {
      const run: Run = {
        name,
        isDead: false,
        end: (how) => {
          if (!this.#runs.delete(run)) return;
          this.note(name, how);
          resolve(how);
        },
      };
      this.#runs.add(run);
      this.note(name, 'begins');
      const { lifeMs } = this.trouble;
      if (lifeMs < Number.POSITIVE_INFINITY) this.later(lifeMs, () => this.#kill(run));
      const deadline = this.#now + lifeMs * 0.7;
      flow({ ...passedGateway(gateway, this.#passOf(run)), deadline }).then(
        () => run.end('done'),
        (error: unknown) => {
          this.note(name, String(error));
          run.end('failed');
        },
      );
    });
  }

  /** Lets things happen until a moment. */
  async until(moment: number): Promise<void> {
    await quiet();
    for (let next = this.#happenings.at(-1); next && next.at <= moment; next = this.#happenings.at(-1))
      await this.#happen();
    this.#now = Math.max(this.#now, moment);
  }

  /** Lets things happen until something is true. */
  async untilTrue(isTrue: () => boolean): Promise<void> {
    await quiet();
    while (!isTrue()) {
      if (this.#happenings.length === 0) throw new Error('Nothing happens any more, and all is not over.');
      await this.#happen();
    }
  }

  async #happen(): Promise<void> {
    const next = this.#happenings.pop();
    if (next === undefined) return;
    if (this.#count > (this.trouble.mostHappenings ?? usualHappenings))
      throw new Error('It never comes to rest.');
    this.#now = Math.max(this.#now, next.at);
    next.happen();
    await quiet();
  }

  #passOf(run: Run): Pass {
    return async (call, effect) => {
      await this.wait(this.#latency());
      if (run.isDead) return never;
      const fate = this.random.next();
      if (fate < this.trouble.killing) this.#kill(run);
      // Half of the calls at which a run dies still have their effect.
      if (run.isDead && fate < this.trouble.killing / 2) return never;
      this.note(run.name, call, run.isDead ? 'and dies' : '');
      const answer = await effect();
      this.onEffect();
      if (this.chance(0.3)) await this.wait(this.#latency());
      return run.isDead ? never : answer;
    };
  }

  #latency(): number {
    const { slowestMs } = this.trouble;
    return this.chance(0.05) ? this.int(slowestMs) : this.int(Math.min(slowestMs, 20));
  }

  #kill(run: Run): void {
    if (run.isDead || !this.#runs.has(run)) return;
    run.isDead = true;
    run.end('died');
  }
}
