import { authorized } from '../gateway/api/authorized.ts';
import { type Call, document } from '../gateway/api/call.ts';
import { getHealth, healthOf } from '../gateway/api/get-health.ts';
import type { Clock } from '../gateway/ports.ts';
import type { Metrics } from './metrics/metrics.ts';
import type { Sources } from './metrics/sources.ts';
import type { LocalSettings } from './settings.ts';

/** The calls that only a gateway in one process has, or that answer more there, by their paths. All are `GET`. */
export type LocalCalls = ReadonlyMap<string, Call>;

/** `GET /metrics`, and `GET /health`, which says more to those who have a key. */
export function localCalls(
  { metrics: who }: Pick<LocalSettings, 'metrics'>,
  metrics: Metrics,
  sources: Sources,
): LocalCalls {
  return new Map<string, Call>([
    ['/metrics', who === 'public' ? shared(metrics.scrape, sources.clock) : authorized(metrics.scrape)],
    ['/health', healthCall(sources)],
  ]);
}

/** For how long an answer is given to everybody who asks, in milliseconds. */
const sharedMs = 1_000;

/** Nobody without a key can make the gateway read all its queues more often. */
function shared(call: Call, clock: Pick<Clock, 'monotonic'>): Call {
  let last: { readonly at: number; readonly answer: ReturnType<Call> } | undefined;
  return (gateway, request) => {
    const now = clock.monotonic();
    if (last === undefined || now - last.at >= sharedMs) last = { at: now, answer: call(gateway, request) };
    return last.answer;
  };
}

/** A wrong key gets what everybody gets, since health checks of many kinds send one. */
function healthCall(sources: Sources): Call {
  const withKey = authorized(async ({ breaker }) => {
    const { watch, queues, retries, letters } = sources;
    const { messages, bytes } = queues.backlog;
    const backlog = { messages, bytes, retries: retries.size, deadLetters: letters.size };
    return document(200, { ...(await healthOf(breaker)), app: watch.state, backlog });
  });
  return async (gateway, request) => {
    const answer = request.authorization === '' ? undefined : await withKey(gateway, request);
    return answer?.status === 200 ? answer : getHealth(gateway, request);
  };
}
