import type { DeadLetter } from '../../functions/gateway/dead-letters.ts';
import { readHook, readLetter } from '../../functions/local/stored.ts';
import { keysOf } from '../../functions/local/stored-keys.ts';
import type { Setup } from './commands.ts';
import type { Disk } from './disk.ts';
import { type Client, indexOf, type Ledger } from './ledger.ts';
import type { Process } from './process.ts';
import type { Timeline } from './timeline.ts';

/** What a local gateway may lose, by what is on its disk at that moment. */
export class Excuses {
  readonly #disk: Disk;
  readonly #ledger: Ledger;
  readonly #timeline: Timeline;
  readonly #setup: Pick<Setup, 'messageFailure'>;

  constructor(disk: Disk, ledger: Ledger, timeline: Timeline, setup: Pick<Setup, 'messageFailure'>) {
    this.#setup = setup;
    this.#disk = disk;
    this.#ledger = ledger;
    this.#timeline = timeline;
  }

  /**
   * A kill may cost the messages on their first attempt, and those behind them. Whatever is stored is owed, and while
   * hooks of a socket wait, everything of it is stored. Where messages are not retried later, all their attempts are one
   * run.
   */
  lost(process: Process): void {
    const { clients, arrivals } = this.#ledger;
    for (const client of clients) {
      if (client.socket === undefined) continue;
      const stored = this.#storedOf(client);
      const busy = arrivals.filter(
        (one) => one.by === process && one.client === client.number && one.until > this.#timeline.time,
      );
      const tried = this.#setup.messageFailure === 'retry' ? [] : this.#triedBy(process, client);
      for (const sent of client.sent) {
        const isTried = [...busy, ...tried].some(({ index }) => index === sent.index);
        const isFirst = isTried || sent.at === this.#timeline.time;
        if (!stored.has(sent.index) && (!stored.isBlocked || isFirst || client.isReplayed === true))
          sent.excuse ??= 'a kill';
      }
    }
  }

  #triedBy(process: Process, { number }: Client): readonly { readonly index: number }[] {
    return this.#ledger.attempts.filter(({ by, client }) => by === process && client === number);
  }

  /** The app closes a socket, which drops what waits in memory. `index`: the message whose answer asks for it. */
  dropped(number: number, index: number): void {
    const client = this.#ledger.clients[number];
    if (client === undefined) return;
    const stored = this.#storedOf(client);
    for (const sent of client.sent)
      if (sent.index > index && !stored.has(sent.index)) sent.excuse ??= 'the app closed its socket';
    client.dropsSince ??= this.#timeline.time;
    client.endedAt ??= this.#timeline.time;
  }

  /** The messages of a client that are on the disk, and whether any of them is no dead letter. */
  #storedOf({ number }: Client): Set<number> & { isBlocked?: boolean } {
    const bodies = this.#hooks().filter((body) => body.startsWith(`${number}/`));
    const letters = this.letters().filter(({ hook }) => hook.body.startsWith(`${number}/`));
    const stored = new Set([...bodies, ...letters.map(({ hook }) => hook.body)].map(indexOf));
    return Object.assign(stored, { isBlocked: bodies.length > 0 });
  }

  /** The bodies of the messages on the disk whose hooks wait. */
  #hooks(): string[] {
    return this.#disk.range(...keysOf('hook')).map(({ value }) => {
      const hook = readHook(value);
      return hook.kind === 'retry' ? hook.hook.body : hook.body;
    });
  }

  /** All dead letters. */
  letters(): DeadLetter[] {
    return this.#disk.range(...keysOf('body')).map(({ value }) => readLetter(value));
  }
}
