import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { hookEvents } from '../../wire/hook.ts';
import { type Definition, definitions, hookDurationName, type Readings } from './definitions.ts';
import { type HookCounts, hookBuckets } from './hook-counts.ts';

/** A registry of all metrics, which reads each when it is asked for. */
export function createRegistry(readings: Readings): Registry {
  const registry = new Registry();
  for (const definition of definitions) register(definition, readings, registry);
  registry.registerMetric(new HookDurations(readings.hooks));
  return registry;
}

function register(
  { kind, name, help, labels = [], read }: Definition,
  readings: Readings,
  to: Registry,
): void {
  const Kind = kind === 'counter' ? Counter : Gauge;
  const metric: Counter | Gauge = new Kind({
    name,
    help,
    labelNames: [...labels],
    registers: [to],
    async collect() {
      const found = await read(readings);
      metric.reset();
      if (typeof found === 'number') metric.inc(found);
      else for (const { labels, value } of found) metric.inc(labels, value);
    },
  });
}

const durationHelp = 'How long webhooks took, with the wait for a connection to the app.';

/** A value of one of the three metrics that make a histogram. */
interface Value {
  readonly metricName: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

/**
 * The histogram of the hooks' times. That of prom-client looks labels up at each observation, which takes longer than
 * counting, and messages are the hot path. So this one gives it the buckets that were counted.
 */
class HookDurations extends Histogram {
  readonly #hooks: Readings['hooks'];

  constructor(hooks: Readings['hooks']) {
    super({ name: hookDurationName, help: durationHelp, labelNames: ['event'], registers: [] });
    this.#hooks = hooks;
  }

  /** What the registry makes its text of. */
  async getForPromString() {
    const values = hookEvents.flatMap((event) => valuesOf(event, this.#hooks[event]));
    return { name: hookDurationName, help: durationHelp, type: 'histogram', values };
  }
}

/** The buckets of one kind of hook, each with those below it, as Prometheus has them. */
function valuesOf(event: string, { buckets, seconds }: HookCounts): readonly Value[] {
  let count = 0;
  const cumulative = buckets.map((inBucket, at): Value => {
    count += inBucket;
    const le = hookBuckets[at] ?? '+Inf';
    return { metricName: `${hookDurationName}_bucket`, labels: { le, event }, value: count };
  });
  return [
    ...cumulative,
    { metricName: `${hookDurationName}_sum`, labels: { event }, value: seconds },
    { metricName: `${hookDurationName}_count`, labels: { event }, value: count },
  ];
}
