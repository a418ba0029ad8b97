import { setTimeout as pause } from 'node:timers/promises';
import { broadcastMessage, listUsers } from 'sockethook';
import type { Meadow } from './meadow.ts';

/** The group of all sockets of all visitors. */
export const group = 'meadow';

/** Between two broadcasts, in milliseconds: 15 a second, however many bees fly and however often their pages say so. */
const tickMs = 66;
const shortestPauseMs = 1_000;
const longestPauseMs = 30_000;

/** Keeps pages and meadow up to date by calls to the gateway, never two of a kind at once. */
export class News {
  readonly #meadow: Meadow;
  #isTelling = false;
  #isCounting = false;

  constructor(meadow: Meadow) {
    this.#meadow = meadow;
  }

  /** Tells all pages what has changed: the first change at once, those that follow together in the next tick. */
  tell(): void {
    if (!this.#isTelling) void this.#tellAll();
  }

  /** Asks the gateway who is in the meadow: hooks alone can't tell that to an app that has just started. */
  count(): void {
    if (!this.#isCounting) void this.#countAll();
  }

  async #tellAll(): Promise<void> {
    this.#isTelling = true;
    let pauseMs = shortestPauseMs;
    for (let news = this.#meadow.takeChanges(); news !== undefined; news = this.#meadow.takeChanges()) {
      try {
        await broadcastMessage(news, { group });
        pauseMs = shortestPauseMs;
        await pause(tickMs);
      } catch (error) {
        complain(error);
        this.#meadow.needAll();
        await pause(pauseMs);
        pauseMs = Math.min(2 * pauseMs, longestPauseMs);
      }
    }
    this.#isTelling = false;
  }

  async #countAll(): Promise<void> {
    this.#isCounting = true;
    try {
      await this.#findAll(Date.now());
      this.tell();
    } catch (error) {
      complain(error);
    }
    await pause(shortestPauseMs);
    this.#isCounting = false;
  }

  async #findAll(asOf: number): Promise<void> {
    let cursor: string | undefined;
    do {
      const page = await listUsers(group, cursor === undefined ? {} : { cursor });
      for (const { user } of page.users) this.#meadow.find(user, asOf);
      cursor = page.cursor;
    } while (cursor !== undefined);
  }
}

function complain(error: unknown): void {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
}
