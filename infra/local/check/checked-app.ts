import { HttpApp } from '../../../functions/node/http-app.ts';
import { systemClock } from '../../../functions/node/system-clock.ts';
import { readAnswer } from '../../../functions/wire/answer.ts';
import type { HookEvent } from '../../../functions/wire/hook.ts';
import type { HookFormat } from '../../../functions/wire/hook-format.ts';
import { limits } from '../../../functions/wire/limits.ts';
import type { Post } from './spoil.ts';
import type { Kind, Tried } from './tried.ts';

/** The app that is checked, over the connections that a gateway uses. An answer is bounded in time and in size. */
export class CheckedApp {
  readonly #app: HttpApp;
  readonly #format: HookFormat;
  readonly #timeoutMs: number;

  /** `timeoutMs` is how long each hook may take. */
  constructor(baseUrl: string, format: HookFormat, timeoutMs: number) {
    this.#app = new HttpApp(new URL(baseUrl).origin, systemClock);
    this.#format = format;
    this.#timeoutMs = timeoutMs;
  }

  /** Posts one hook, and reads its answer as a gateway does. */
  async try(event: HookEvent, kind: Kind, post: Post): Promise<Tried> {
    const from = systemClock.monotonic();
    const response = await this.#app.post({ ...post, timeoutMs: this.#timeoutMs });
    const ms = Math.round(systemClock.monotonic() - from);
    const context = { event, offered: [], messageBytes: limits.messageBytes };
    return {
      event,
      kind,
      response,
      answer: readAnswer(response, this.#format, context, systemClock.now()),
      ms,
    };
  }

  /** Ends the connections. */
  async stop(): Promise<void> {
    await this.#app.stop();
  }
}
