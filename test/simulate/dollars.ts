import { price } from '../../docs/costs.ts';
import type { Region } from './region.ts';

/** What a broadcast costs in dollars, by the prices of docs/costs.ts. API Gateway bills no message that it refuses. */
export function dollarsOf(
  { api, calls, coordinators, workers, queues, tables }: Region,
  gigabyteSeconds: number,
): number {
  const invocations = calls.invocations + coordinators.invocations + workers.invocations;
  return (
    (api.posts - api.throttled) * price.message +
    price.call +
    invocations * price.invocation +
    gigabyteSeconds * price.gigabyteSecond +
    (queues.tasks.requests + queues.batches.requests) * price.queued +
    tables.reads * price.read +
    tables.writes * price.write
  );
}
