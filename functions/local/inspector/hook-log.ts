import { GatheredBytes } from '../../wire/gathered-bytes.ts';
import type { HookEvent } from '../../wire/hook.ts';
import { type KeptText, keptText, ownCopy } from './kept-text.ts';

/** A hook as the page lists it. Times are in milliseconds since 1970, and texts are empty where there is none. */
export interface ShownHook {
  /** Counts the attempts that are shown, from 1. */
  readonly number: number;
  readonly event: HookEvent;
  readonly id: string;
  readonly socket: string;
  readonly path: string;
  readonly user: string;
  readonly group: string;
  /** From 1. A hook that is held stays on the attempt that it waits for. */
  readonly attempt: number;
  readonly startedAt: number;
  /** How long it took, in milliseconds; null until it is over. */
  readonly ms: number | null;
  readonly outcome: 'waiting' | 'accepted' | 'refused' | 'failed' | 'held';
  /** The status of the app's answer; null without one. */
  readonly status: number | null;
  readonly why: string | null;
  readonly requestBytes: number;
  readonly answerBytes: number;
  /** Whether somebody sent it from the page. */
  readonly again: boolean;
}

/** What is known of a hook when its attempt begins. */
export type Beginning = Pick<
  ShownHook,
  'event' | 'id' | 'socket' | 'path' | 'user' | 'group' | 'attempt' | 'startedAt' | 'again'
> & { readonly url: string; readonly headers: Fields; readonly body: string };

/** What came of it. */
export type Ending = Pick<ShownHook, 'ms' | 'outcome' | 'status' | 'why'> & { readonly headers: Fields };

/** The names and values of headers, in their order on the wire. */
export type Fields = readonly (readonly [name: string, value: string])[];

/** A hook with its request, and its answer if it has one. */
export interface KeptHook {
  shown: ShownHook;
  readonly url: string;
  headers: Fields;
  readonly body: KeptText;
  answer: { readonly status: number; readonly headers: Fields } | undefined;
  /** The body of the answer, as far as it is kept. */
  readonly answered: GatheredBytes;
  /** How many bytes of the log it takes. */
  bytes: number;
}

/** How much is kept: hooks, bytes in all, and bytes of one body. */
export const keptLimits = { hooks: 1_000, bytes: 16_777_216, bodyBytes: 65_536 } as const;

/** What a hook takes beside its texts, in bytes: a round figure above what the heap shows. */
const overhead = 1_024;

/** Hears what changes in the log. */
export interface HookLogListener {
  changed(hook: KeptHook): void;
  dropped(hook: KeptHook): void;
}

/**
 * The latest hooks, bounded in their number and their bytes. The oldest that are over go first: a hook that takes long, and
 * fails, is the one that somebody looks for.
 */
export class HookLog {
  readonly #hooks = new Map<number, KeptHook>();
  readonly #listener: HookLogListener;
  #last = 0;
  #bytes = 0;

  constructor(listener: HookLogListener) {
    this.#listener = listener;
  }

  /** What all its hooks take, in bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The hooks, oldest first. */
  all(): Iterable<KeptHook> {
    return this.#hooks.values();
  }

  get(number: number): KeptHook | undefined {
    return this.#hooks.get(number);
  }

  /** Keeps a hook whose attempt begins. */
  begin({ url, headers, body, path, user, group, ...facts }: Beginning): KeptHook {
    this.#last += 1;
    const kept = keptText(body, keptLimits.bodyBytes);
    const hook: KeptHook = {
      shown: {
        ...facts,
        number: this.#last,
        path: ownCopy(path),
        user: ownCopy(user),
        group: ownCopy(group),
        ms: null,
        outcome: 'waiting',
        status: null,
        why: null,
        requestBytes: kept.allBytes,
        answerBytes: 0,
      },
      url: ownCopy(url),
      headers: copied(headers),
      body: kept,
      answer: undefined,
      answered: new GatheredBytes(),
      bytes: 0,
    };
    this.#hooks.set(this.#last, hook);
    this.#grow(hook, overhead + url.length * 2 + kept.bytes + bytesOf(headers));
    return hook;
  }

  /** Its request left with these headers instead. */
  resign(hook: KeptHook, headers: Fields): void {
    hook.headers = copied(headers);
  }

  /** Takes a part of the answer's body. What is beyond the limit only counts. */
  hear(hook: KeptHook, bytes: Uint8Array): void {
    if (!this.#hooks.has(hook.shown.number)) return;
    const { answerBytes } = hook.shown;
    const kept = bytes.subarray(0, Math.max(0, keptLimits.bodyBytes - answerBytes));
    hook.answered.add(kept, keptLimits.bodyBytes);
    hook.shown = { ...hook.shown, answerBytes: answerBytes + bytes.length };
    this.#grow(hook, kept.length);
  }

  /** Its attempt is over. */
  end(hook: KeptHook, { headers, ...ending }: Ending): void {
    hook.shown = { ...hook.shown, ...ending };
    if (ending.status !== null) hook.answer = { status: ending.status, headers: copied(headers) };
    this.#grow(hook, bytesOf(headers));
  }

  get #isFull(): boolean {
    return this.#hooks.size > keptLimits.hooks || this.#bytes > keptLimits.bytes;
  }

  #grow(hook: KeptHook, bytes: number): void {
    if (!this.#hooks.has(hook.shown.number)) return;
    hook.bytes += bytes;
    this.#bytes += bytes;
    this.#listener.changed(hook);
    while (this.#isFull) this.#drop();
  }

  #drop(): void {
    let oldest: KeptHook | undefined;
    for (const hook of this.#hooks.values()) {
      oldest ??= hook;
      if (hook.shown.outcome === 'waiting') continue;
      oldest = hook;
      break;
    }
    if (oldest === undefined) return;
    this.#hooks.delete(oldest.shown.number);
    this.#bytes -= oldest.bytes;
    this.#listener.dropped(oldest);
  }
}

function copied(headers: Fields): Fields {
  return headers.map(([name, value]) => [name, ownCopy(value)]);
}

function bytesOf(headers: Fields): number {
  return headers.reduce((bytes, [name, value]) => bytes + name.length + value.length, 0);
}
