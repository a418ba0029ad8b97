import type { ServerResponse } from 'node:http';

/** The most streams at a time. */
export const maxStreams = 8;

/** How often changes are told at most, and everything anew to a reader that was too slow for them, in milliseconds. */
const pace = { changesMs: 100, snapshotMs: 1_000 } as const;

/** How often a comment says that the gateway is still there, in milliseconds. */
const usualAliveMs = 15_000;

/** What the streams tell. */
export interface Told {
  snapshot(): unknown;
  /** What has changed since the last call; undefined if a snapshot says it better. */
  changes(): Promise<unknown>;
  /** Somebody looks on, or nobody does any more. */
  watched(isWatched: boolean): void;
}

/** One reader. */
interface Stream {
  readonly response: ServerResponse;
  /** Whether it has missed changes. */
  isBehind: boolean;
}

/**
 * Streams of Server-Sent Events (HTML Standard, section 9.2). A reader that is slow gets no changes while it has not
 * taken what was sent before, and everything anew after it has. So at most one snapshot waits for each reader.
 */
export class EventStreams {
  readonly #streams = new Set<Stream>();
  readonly #told: Told;
  readonly #aliveMs: number;
  #telling: NodeJS.Timeout | undefined;
  #alive: NodeJS.Timeout | undefined;

  constructor(told: Told, aliveMs: number = usualAliveMs) {
    this.#told = told;
    this.#aliveMs = aliveMs;
  }

  /** Whether there can be no more of them. */
  get isFull(): boolean {
    return this.#streams.size >= maxStreams;
  }

  /** Begins a stream. */
  open(response: ServerResponse): void {
    if (this.#streams.size === 0) this.#begin();
    const stream: Stream = { response, isBehind: false };
    this.#streams.add(stream);
    response.once('close', () => this.#closed(stream));
    response.write(eventText('snapshot', this.#told.snapshot()));
    // While nobody looked on, nothing took the places of what had gone.
    this.changed();
  }

  /** Something has changed. It is told within 100 ms. */
  changed(): void {
    if (this.#streams.size > 0) this.#telling ??= setTimeout(() => void this.#tell(), pace.changesMs);
  }

  stop(): void {
    for (const { response } of this.#streams) response.end();
    // Nothing is written after the end to one that is behind.
    this.#streams.clear();
    this.#end();
  }

  #begin(): void {
    this.#told.watched(true);
    this.#alive = setInterval(() => this.#keepAlive(), this.#aliveMs).unref();
  }

  #keepAlive(): void {
    for (const { response } of this.#streams) if (!response.writableNeedDrain) response.write(':\n\n');
  }

  #end(): void {
    this.#told.watched(false);
    clearInterval(this.#alive);
    clearTimeout(this.#telling);
    this.#telling = undefined;
  }

  #closed(stream: Stream): void {
    if (this.#streams.delete(stream) && this.#streams.size === 0) this.#end();
  }

  async #tell(): Promise<void> {
    // First, since what changes from now on may be too late for these.
    this.#telling = undefined;
    const changes = await this.#told.changes();
    if (changes === undefined) {
      for (const stream of this.#streams) this.#missed(stream);
      return;
    }
    const ready = this.#ready();
    if (ready.length === 0) return;
    const text = eventText('changes', changes);
    for (const { response } of ready) response.write(text);
  }

  /** Those that have taken what was sent before. The others have missed something from now on. */
  #ready(): readonly Stream[] {
    for (const stream of this.#streams) if (stream.response.writableNeedDrain) this.#missed(stream);
    return [...this.#streams].filter(({ isBehind }) => !isBehind);
  }

  /** Tells a reader everything anew, once it has taken what it was told. */
  #missed(stream: Stream): void {
    if (stream.isBehind) return;
    stream.isBehind = true;
    const { response } = stream;
    const catchUp = (): void => {
      if (!this.#streams.has(stream)) return;
      stream.isBehind = false;
      response.write(eventText('snapshot', this.#told.snapshot()));
    };
    const later = (): void => void setTimeout(catchUp, pace.snapshotMs).unref();
    if (response.writableNeedDrain) response.once('drain', later);
    else later();
  }
}

function eventText(event: string, data: unknown): string {
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}
