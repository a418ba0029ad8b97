import type { Breaker } from '../../gateway/breaker.ts';
import type { Clock } from '../../gateway/ports.ts';
import type { HookEvent } from '../../wire/hook.ts';
import type { AppWatch } from '../app-watch.ts';
import type { Traffic } from '../traffic.ts';
import type { CountedLog } from './counted-log.ts';
import type { HookCounts } from './hook-counts.ts';

/** What the metrics and `GET /health` are read from. Nothing is computed before somebody asks. */
export interface Sources {
  readonly sessions: { readonly size: number; readonly traffic: Traffic };
  readonly connects: ReadonlyMap<string, number>;
  readonly hooks: Readonly<Record<HookEvent, HookCounts>>;
  readonly queues: { readonly backlog: { readonly messages: number; readonly bytes: number } };
  readonly retries: { readonly size: number; readonly bytes: number; readonly done: number };
  readonly letters: { readonly size: number; readonly kept: number };
  readonly breaker: Breaker;
  readonly watch: Pick<AppWatch, 'state'>;
  readonly log: Pick<CountedLog, 'errors' | 'lost'>;
  readonly clock: Pick<Clock, 'now' | 'monotonic'>;
}
