import { fullJitter, halfJitter } from '../../functions/wire/backoff.ts';
import { readRestart } from '../../functions/wire/restart-notice.ts';
import { type Ending, StateChange } from './events.ts';
import { Link, type LinkListener } from './link.ts';
import type { Settings, SocketState, Url } from './options.ts';
import { Overlap } from './overlap.ts';

/** After a connection that was open for this long, the next pause is short again. */
const stableMs = 10_000;
const lost: Ending = { code: 1006, reason: '', wasClean: false };

/** What a `Reconnector` tells its owner. */
export interface ReconnectorListener {
  changed(change: StateChange): void;
  /** There is a new connection. */
  opened(): void;
  received(event: MessageEvent): void;
  /** It has ended for good. */
  ended(ending: Ending): void;
}

/** One attempt to connect: its connection, once there is a URL for it, and what ends it. */
interface Attempt {
  link: Link | undefined;
  readonly abort: AbortController;
  readonly cancel: () => void;
}

/** Keeps a connection, and makes the next when one is lost or gets old. There is one attempt at a time. */
export class Reconnector implements LinkListener {
  state: SocketState = 'connecting';
  binaryType: BinaryType = 'blob';
  /** The connection that sends. */
  link: Link | undefined;
  readonly #url: Url;
  readonly #settings: Settings;
  readonly #listener: ReconnectorListener;
  #attempt: Attempt | undefined;
  /** The connection before `link`, which still receives. */
  #old: Link | undefined;
  #overlap: Overlap | undefined;
  /** Since when there has been no connection that lasted; undefined while there is one. */
  #awaySince: number | undefined;
  /** When the gateway that was lost said that it would be back; 0 if it did not say. */
  #backAt = 0;
  /** How the app ended the connection that was being renewed; its successor may take its place. */
  #goodbye: Ending | undefined;
  /** Cancels the next attempt: to come back, or to renew. */
  #cancelNext: () => void = () => {};
  #cancelOverlap: () => void = () => {};
  readonly #online = (): void => this.#backOnline();

  constructor(url: Url, settings: Settings, listener: ReconnectorListener) {
    this.#url = url;
    this.#settings = settings;
    this.#listener = listener;
    settings.network.addEventListener('online', this.#online);
  }

  /** Makes one attempt. While a connection is open, it makes the next. */
  async connect(): Promise<void> {
    const abort = new AbortController();
    const { attemptMs, clock } = this.#settings;
    const cancel = clock.after(attemptMs, () => this.#failed({ error: new Error('no answer') }));
    const attempt: Attempt = { abort, cancel, link: undefined };
    this.#attempt = attempt;
    if (this.link === undefined) this.#change(new StateChange('connecting'));
    try {
      const url = await this.#url(abort.signal);
      if (this.#attempt !== attempt) return;
      if (url === null) this.#finish({ code: 1000, reason: '', wasClean: true });
      // A WebSocket takes `undefined` for a file beside the page.
      else if (!url) throw new TypeError('no URL');
      else this.#open(attempt, url);
    } catch (error) {
      if (this.#attempt === attempt) this.#failed({ error });
    }
  }

  /** Closes everything for good. */
  close(code: number | undefined, reason: string): void {
    this.#stop();
    this.#change(new StateChange('closing'));
    if (this.link === undefined)
      queueMicrotask(() => this.#end({ code: code ?? 1005, reason, wasClean: true }));
    else if (code === undefined) this.link.socket.close();
    else this.link.socket.close(code, reason);
  }

  #open(attempt: Attempt, url: string | URL): void {
    this.#endOverlap();
    try {
      attempt.link = new Link(url, this.#settings, this);
    } catch (error) {
      // What is no URL now is none later either, so this is no reason to try again.
      this.#finish(lost, error);
      return;
    }
    attempt.link.socket.binaryType = this.binaryType;
    if (this.link !== undefined && this.#settings.overlapMs > 0) this.#overlap = new Overlap(this.link);
  }

  opened(link: Link): void {
    this.#endAttempt();
    this.#old = this.link;
    this.link = link;
    this.#goodbye = undefined;
    const { clock, overlapMs, renewMs, random } = this.#settings;
    // Nothing would tell the copies that both bring.
    if (this.#overlap === undefined) this.#dropOld();
    // Also if the old one has ended by now: copies of what it brought may still come.
    else
      this.#cancelOverlap = clock.after(overlapMs, () => {
        this.#dropOld();
        // The copy of a broadcast that the old connection brought last may still be on its way.
        this.#cancelOverlap = clock.after(overlapMs / 5, () => this.#endOverlap());
      });
    // Up to a tenth earlier, so that clients that came together don't renew together.
    this.#cancelNext();
    this.#cancelNext = clock.after(renewMs * (1 - random() / 10), () => {
      this.#awaySince = undefined;
      void this.connect();
    });
    this.#change(new StateChange('open'));
    // The page may have closed it just now.
    if (this.link === link && this.state === 'open') this.#listener.opened();
  }

  received(link: Link, event: MessageEvent): void {
    const overlap = this.#overlap;
    if (overlap !== undefined && !overlap.isNew(String(event.data), link === overlap.old ? 1 : -1)) return;
    if (overlap?.isFull) this.#endOverlap();
    this.#listener.received(event);
  }

  lost(link: Link, ending: Ending): void {
    if (link === this.#old) this.#dropOld();
    else if (link === this.link) this.#lostOpen(link, ending);
    else this.#failed({ ending });
  }

  #lostOpen(link: Link, ending: Ending): void {
    this.link = undefined;
    const hasSuccessor = this.#attempt?.link !== undefined;
    // The successor brings copies of what this one has brought.
    if (!hasSuccessor) this.#endOverlap();
    const now = this.#settings.clock.now();
    if (now - link.openedAt >= stableMs) this.#awaySince = undefined;
    const backMs = readRestart(ending.reason);
    this.#backAt = backMs && now + backMs;
    const isGoodbye = ending.code === 1000 || ending.code === 1005;
    // An app that allows each user one socket closes the old one in the handshake of its successor.
    const isReplaced = isGoodbye && hasSuccessor;
    if (isReplaced) this.#goodbye = ending;
    if (this.state === 'closing' || (isGoodbye && !isReplaced)) this.#finish(ending);
    else if (this.#attempt === undefined) this.#wait({ ending }, fullJitter);
    // An attempt to renew it goes on as the attempt to come back.
    else this.#change(new StateChange('connecting', { ending }));
  }

  #failed(why: { error?: unknown; ending?: Ending }): void {
    this.#endAttempt()?.drop();
    this.#endOverlap();
    if (this.#goodbye !== undefined) this.#finish(this.#goodbye);
    else this.#wait(why);
  }

  /**
   * Tries again after a pause, which is at most half as long as it has been away, so that it is soon back after a short
   * restart. Full jitter spreads the clients of a gateway that has gone, and half jitter keeps them spread, at fewer
   * attempts. If the gateway has said when it will be back, only the first attempt is earlier: it looks for another one.
   */
  #wait(why: { error?: unknown; ending?: Ending }, jitter = halfJitter): void {
    const { clock, firstPauseMs, longestPauseMs, random } = this.#settings;
    const now = clock.now();
    this.#awaySince ??= now;
    const away = now - Math.max(this.#awaySince, this.#backAt);
    const rest = jitter === halfJitter ? Math.max(0, this.#backAt - now) : 0;
    const pause = Math.min(longestPauseMs, Math.max(firstPauseMs, away / 2));
    const retryMs = Math.min(longestPauseMs, rest + jitter(pause, random()));
    this.#cancelNext();
    this.#cancelNext = clock.after(retryMs, () => void this.connect());
    if (this.link === undefined) this.#change(new StateChange('waiting', { retryMs, ...why }));
  }

  /** The network is back: tries at once, or finds out whether the connection has survived. */
  #backOnline(): void {
    this.link?.ping();
    if (this.state !== 'waiting') return;
    this.#cancelNext();
    void this.connect();
  }

  #endAttempt(): Link | undefined {
    const attempt = this.#attempt;
    this.#attempt = undefined;
    attempt?.cancel();
    attempt?.abort.abort();
    return attempt?.link;
  }

  #endOverlap(): void {
    this.#cancelOverlap();
    this.#dropOld();
    this.#overlap = undefined;
  }

  #dropOld(): void {
    this.#old?.drop();
    this.#old = undefined;
  }

  /** Ends everything but the connection. */
  #stop(): void {
    this.#settings.network.removeEventListener('online', this.#online);
    this.#endAttempt()?.drop();
    this.#endOverlap();
    this.#cancelNext();
  }

  #finish(ending: Ending, error?: unknown): void {
    this.#stop();
    this.link?.drop();
    this.#end(ending, error);
  }

  #end(ending: Ending, error?: unknown): void {
    this.link = undefined;
    this.#change(new StateChange('closed', { ending, error }));
    this.#listener.ended(ending);
  }

  #change(change: StateChange): void {
    const isSame = this.state === change.state && change.state !== 'waiting';
    this.state = change.state;
    if (!isSame) this.#listener.changed(change);
  }
}
