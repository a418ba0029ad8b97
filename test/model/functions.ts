import type { LambdaContext, QueueEvent, QueueResult } from '../../functions/aws/events.ts';
import type { AwsGateway } from '../../functions/aws/gateway.ts';
import { timeouts } from '../../infra/aws/timeouts.ts';
import type { Random } from '../simulate/random.ts';
import type { UsedQueue } from './aws-queues.ts';
import type { Cloud } from './cloud.ts';
import type { Ledger } from './ledger.ts';
import { type Fate, Process } from './process.ts';
import type { Timeline } from './timeline.ts';

/** The functions of Lambda. Each run has a process of its own. */
export class Functions {
  /** How many run. */
  running = 0;
  readonly #cloud: Cloud;
  readonly #timeline: Timeline;
  readonly #random: Random;
  readonly #fate: Fate;
  readonly #ledger: Ledger;

  constructor(cloud: Cloud, timeline: Timeline, random: Random, fate: Fate, ledger: Ledger) {
    this.#cloud = cloud;
    this.#timeline = timeline;
    this.#random = random;
    this.#fate = fate;
    this.#ledger = ledger;
  }

  /** Runs a function that has `seconds`. Undefined if it dies. */
  run<Result>(
    seconds: number,
    run: (gateway: AwsGateway, context: LambdaContext) => Promise<Result>,
  ): Promise<Result | undefined> {
    const timeline = this.#timeline;
    return new Promise((resolve) => {
      const begin = (): void => {
        const until = timeline.time + seconds * 1_000;
        this.running += 1;
        const over = (result: Result | undefined): void => {
          this.running -= 1;
          resolve(result);
        };
        const process = new Process(this.#fate, () => {
          this.#ledger.died(process, timeline.time);
          over(undefined);
        });
        timeline.after(seconds * 1_000, () => this.#timeOut(process));
        const gateway = this.#cloud.gatewayOf(process, seconds === timeouts.tasks);
        const context = { getRemainingTimeInMillis: () => until - timeline.time };
        const ended = (result?: Result): void => {
          if (process.isDead) return;
          process.end();
          over(result);
        };
        run(gateway, context).then(ended, () => ended());
      };
      timeline.after(2 + Math.floor(this.#random.next() ** 4 * 500), begin);
    });
  }

  /** A function is given enough time, as long as AWS answers. */
  #timeOut(process: Process): void {
    if (process.isDead) return;
    if (!this.#cloud.troubles.wereAny) this.#ledger.violate('a function has used up its time');
    process.die();
  }

  /** Makes a function consume a queue, one message at a time. It has `seconds` for each. */
  consume(
    name: UsedQueue,
    seconds: number,
    handlerOf: (gateway: AwsGateway) => (event: QueueEvent, context: LambdaContext) => Promise<QueueResult>,
  ): void {
    this.#cloud.queues[name].consume = async (record) => {
      const result = await this.run(seconds, (gateway, context) =>
        handlerOf(gateway)({ Records: [record] }, context),
      );
      return result !== undefined && result.batchItemFailures.length === 0;
    };
  }
}
