import { describe, expect, test, vi } from 'vitest';
import { DynamoBreaker } from '../../../functions/aws/dynamo/breaker.ts';
import type { Dynamo } from '../../../functions/aws/dynamo/calls.ts';
import type { Gateway } from '../../../functions/gateway/gateway.ts';
import type { Clock } from '../../../functions/gateway/ports.ts';
import { admit, observe } from '../../../functions/gateway/relay/admit.ts';
import type { AppResponse } from '../../../functions/wire/answer.ts';
import { aHook } from '../../fakes/a-hook.ts';
import { newSocket } from '../../fakes/a-record.ts';
import { fakeGateway } from '../../fakes/fake-gateway.ts';
import { MemoryDynamo, memoryTables } from '../../fakes/memory-dynamo.ts';
import { Random } from '../../simulate/random.ts';
import { SimulatedClock } from '../../simulate/simulated-clock.ts';
import { RecordingLog } from '../../support/recording-log.ts';

vi.setConfig({ testTimeout: 240_000 });

const start = 1_764_000_000_000;
/** How long DynamoDB takes, and an app that answers, in milliseconds. */
const times = { item: { median: 5, spread: 0.4 }, app: { median: 40, spread: 0.5 } };

/** What comes of a hook, and after how many milliseconds. */
interface Outcome {
  readonly ms: number;
  readonly response: AppResponse;
}

/** Something that happened, and when, in milliseconds since the start. */
interface Event {
  readonly what: 'post' | 'probe' | 'held' | 'failed' | 'read' | 'write' | 'refused write';
  readonly at: number;
}

/**
 * A gateway on AWS under load: hooks come at a steady rate, and each has one of many processes to itself until it is
 * done. They share the breaker in DynamoDB, each with its own view of it. All chance comes from one seed.
 */
class Crowd {
  readonly events: Event[] = [];
  readonly log = new RecordingLog();
  /** The most failures in a row that the breaker has counted. */
  failures = 0;
  readonly random = new Random(1);
  readonly #time = new SimulatedClock();
  readonly #double = new MemoryDynamo();
  readonly #idle: Gateway[];
  readonly #outcome: (at: number) => Outcome;

  constructor(processes: number, outcome: (at: number, random: Random) => Outcome) {
    this.#idle = Array.from({ length: processes }, () => this.#process());
    this.#outcome = (at) => outcome(at, this.random);
  }

  /** Posts this many hooks a second, for this many seconds. */
  async run(perSecond: number, seconds: number): Promise<void> {
    for (let at = 0; at < seconds * 1_000; at += 1_000 / perSecond)
      this.#time.after(at, () => void this.#hook());
    await this.#time.until(this.#sleep(seconds * 1_000));
  }

  count(what: Event['what'], from = 0, to = Number.POSITIVE_INFINITY): number {
    return this.events.filter((event) => event.what === what && event.at >= from && event.at < to).length;
  }

  /** When the breaker opened, in milliseconds since the first failure. */
  get openedAfter(): number {
    const opened = this.#openedAt ?? Number.POSITIVE_INFINITY;
    return opened - (this.events.find(({ what }) => what === 'failed')?.at ?? 0);
  }

  get openedAt(): number {
    return this.#openedAt ?? Number.POSITIVE_INFINITY;
  }

  #openedAt: number | undefined;

  #process(): Gateway {
    const { gateway } = fakeGateway({ settings: { hookTimeoutMs: 10_000 } });
    const time = this.#time;
    const clock: Clock = {
      now: () => start + time.time,
      monotonic: () => time.time,
      random: () => this.random.next(),
      sleep: (ms) => this.#sleep(ms),
    };
    const dynamo: Dynamo = { run: (operation, input) => this.#ask(operation, input) };
    return {
      ...gateway,
      clock,
      log: this.log,
      breaker: new DynamoBreaker(() => dynamo, memoryTables, clock),
    };
  }

  async #hook(): Promise<void> {
    // Any idle process may get it. Lambda starts another if there is none.
    const at = Math.floor(this.random.next() * this.#idle.length);
    const [gateway = this.#process()] = this.#idle.splice(at, 1);
    const admission = await admit(gateway, aHook());
    this.#note(admission.kind);
    if (admission.kind !== 'held') {
      const { ms, response } = this.#outcome(this.#time.time);
      await this.#sleep(ms);
      if (response.kind !== 'response') this.#note('failed');
      await observe(gateway, { socket: newSocket() }, admission, response);
    }
    this.#idle.push(gateway);
  }

  async #ask(operation: string, input: object): Promise<unknown> {
    const ms = this.random.time(times.item);
    await this.#sleep(ms / 2);
    try {
      const output = await this.#double.run(operation, input);
      this.#note(operation === 'GetItem' ? 'read' : 'write');
      const [item] = this.#double.items('broadcasts');
      this.failures = Math.max(this.failures, Number(item?.['failures']?.N ?? 0));
      if (Number(item?.['openedAt']?.N ?? 0) > 0) this.#openedAt ??= this.#time.time;
      return output;
    } catch (error) {
      this.#note('refused write');
      throw error;
    } finally {
      await this.#sleep(ms / 2);
    }
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.#time.after(ms, resolve));
  }

  #note(what: Event['what']): void {
    this.events.push({ what, at: this.#time.time });
  }
}

const answers = (random: Random): Outcome => ({
  ms: random.time(times.app),
  response: { kind: 'response', status: 204, contentType: '', retryAfter: '', body: '' },
});
const refuses: Outcome = { ms: 1, response: { kind: 'unreachable', why: 'ECONNREFUSED' } };
const timesOut: Outcome = { ms: 10_000, response: { kind: 'timeout' } };

const down = (failure: Outcome) => (at: number, random: Random) => (at < downAt ? answers(random) : failure);
const downAt = 10_000;

describe('an app that does not answer one hook in a hundred, at 1,000 a second over 100 processes', () => {
  test.for([
    ['refuses', refuses],
    ['lets time out', timesOut],
  ] as const)('and %s that one, keeps all others: the breaker does not open', async ([, failure]) => {
    const crowd = new Crowd(100, (_, random) => (random.next() < 0.01 ? failure : answers(random)));
    await crowd.run(1_000, 30);
    expect(crowd.count('failed'), 'hooks without an answer').toBeGreaterThan(150);
    expect([crowd.openedAt, crowd.count('held')]).toEqual([Number.POSITIVE_INFINITY, 0]);
    expect(crowd.failures, 'the most failures in a row').toBeLessThan(10);
    // Each failure is counted by one process, and the next answer that the process gets takes it back.
    const writes = crowd.count('write') + crowd.count('refused write');
    expect(writes, 'writes').toBeLessThan(4 * crowd.count('failed'));
  });
});

describe.for([
  { perSecond: 1_000, processes: 100, how: 'refuses hooks', failure: refuses },
  { perSecond: 100, processes: 100, how: 'refuses hooks', failure: refuses },
  { perSecond: 10, processes: 50, how: 'refuses hooks', failure: refuses },
  { perSecond: 100, processes: 100, how: 'lets hooks time out', failure: timesOut },
])('an app that $how, at $perSecond a second over $processes processes', (given) => {
  const { perSecond, processes, failure } = given;

  test('opens the breaker soon, gets nothing but probes then, and the item is left alone', async () => {
    const crowd = new Crowd(processes, down(failure));
    await crowd.run(perSecond, 90);
    // Until then, an answer that another process got may be unknown.
    expect(crowd.openedAfter, 'milliseconds from the first failure').toBeGreaterThan(6_000);
    expect(crowd.openedAfter, 'milliseconds from the first failure').toBeLessThan(6_500);
    const known = crowd.openedAt + 5_000;
    expect(crowd.count('post', known), 'hooks that were posted, when all know it').toBe(0);
    const probes = crowd.count('probe', known);
    expect(probes, 'probes in about 69 seconds').toBeGreaterThan(2);
    expect(probes, 'probes in about 69 seconds').toBeLessThan(9);
    const writes = (from: number, to?: number): number =>
      crowd.count('write', from, to) + crowd.count('refused write', from, to);
    expect(writes(downAt, known), 'writes until all know it').toBeLessThan(
      2 * crowd.count('failed', 0, known) + 20,
    );
    // A probe writes when it begins and when it ends. Those that wanted to probe in the same moment are refused.
    expect(writes(known), 'writes when all know it').toBeLessThanOrEqual(10 * probes);
  });
});
