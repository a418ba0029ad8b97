import type { HookMeter } from '../../gateway/hook-meter.ts';
import { isAnswered, silenceOf } from '../../gateway/relay/admit.ts';
import type { AppResponse } from '../../wire/answer.ts';
import type { HookEvent } from '../../wire/hook.ts';
import type { AppWatch } from '../app-watch.ts';
import { HookCounts } from './hook-counts.ts';

/** Counts and times each post of a hook. What comes of it tells whether the app is there. */
export class MeteredHooks implements HookMeter {
  readonly counts: Readonly<Record<HookEvent, HookCounts>> = {
    handshake: new HookCounts(),
    message: new HookCounts(),
    closed: new HookCounts(),
    joined: new HookCounts(),
    left: new HookCounts(),
  };
  readonly #watch: Pick<AppWatch, 'answered' | 'failed'>;

  constructor(watch: Pick<AppWatch, 'answered' | 'failed'>) {
    this.#watch = watch;
  }

  posted(event: HookEvent, response: AppResponse, ms: number): void {
    this.counts[event].add(response, ms / 1_000);
    if (isAnswered(response)) this.#watch.answered();
    else if (response.kind !== 'unreachable' || !response.isOurs) this.#watch.failed(silenceOf(response));
  }
}
