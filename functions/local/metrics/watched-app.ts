import type { App, AppRequest, Clock } from '../../gateway/ports.ts';
import { isAnswered, silenceOf } from '../../gateway/relay/admit.ts';
import type { AppResponse } from '../../wire/answer.ts';
import type { HookEvent } from '../../wire/hook.ts';
import type { AppWatch } from '../app-watch.ts';
import { HookCounts } from './hook-counts.ts';

/** The app, with each post counted and timed. What comes of it tells whether the app is there. */
export class WatchedApp implements App {
  readonly hooks: Readonly<Record<HookEvent, HookCounts>> = {
    handshake: new HookCounts(),
    message: new HookCounts(),
    closed: new HookCounts(),
    joined: new HookCounts(),
    left: new HookCounts(),
  };
  readonly #app: App;
  readonly #watch: Pick<AppWatch, 'answered' | 'failed'>;
  readonly #clock: Pick<Clock, 'monotonic'>;

  constructor(app: App, watch: Pick<AppWatch, 'answered' | 'failed'>, clock: Pick<Clock, 'monotonic'>) {
    this.#app = app;
    this.#watch = watch;
    this.#clock = clock;
  }

  post(request: AppRequest): Promise<AppResponse> {
    const begun = this.#clock.monotonic();
    return this.#app.post(request).then((response) => {
      this.#countsOf(request).add(response, (this.#clock.monotonic() - begun) / 1_000);
      if (isAnswered(response)) this.#watch.answered();
      else if (response.kind !== 'unreachable' || !response.isOurs) this.#watch.failed(silenceOf(response));
      return response;
    });
  }

  /** The id of a hook begins with its event. Most are messages. */
  #countsOf({ headers }: AppRequest): HookCounts {
    const { handshake, message, closed, joined, left } = this.hooks;
    const id = headers['webhook-id'] ?? '';
    if (id.startsWith('message')) return message;
    if (id.startsWith('closed')) return closed;
    if (id.startsWith('handshake')) return handshake;
    return id.startsWith('joined') ? joined : left;
  }
}
