import { pingFrame, pongFrame } from '../../functions/wire/ping.ts';
import type { Ending } from './events.ts';
import type { Settings } from './options.ts';

/** What a link tells its owner. */
export interface LinkListener {
  opened(link: Link): void;
  received(link: Link, event: MessageEvent): void;
  /** It has ended, and tells nothing more. */
  lost(link: Link, ending: Ending): void;
}

/** One connection. It pings when it receives nothing, and finds out whether it is dead. */
export class Link {
  readonly socket: WebSocket;
  readonly #settings: Settings;
  readonly #listener: LinkListener;
  #cancel: () => void = () => {};
  #hasPong = false;
  #isOver = false;
  openedAt = Number.POSITIVE_INFINITY;

  /** Begins to connect. Throws a `SyntaxError` if the URL or a subprotocol is none. */
  constructor(url: string | URL, settings: Settings, listener: LinkListener) {
    this.#settings = settings;
    this.#listener = listener;
    this.socket = new settings.WebSocket(url, settings.protocols);
    this.socket.onopen = () => {
      if (this.#isOver) return;
      this.openedAt = settings.clock.now();
      this.#listen();
      listener.opened(this);
    };
    this.socket.onmessage = (event) => this.#received(event);
    // An error says nothing, and a close follows it.
    this.socket.onerror = () => {};
    this.socket.onclose = (event) => this.#lose(event);
  }

  get isOpen(): boolean {
    return !this.#isOver && this.socket.readyState === 1;
  }

  /** Asks for a pong, and on a connection that has brought one before, waits for it no longer than `pongMs`. */
  ping(): void {
    if (!this.isOpen) return;
    this.#cancel();
    this.socket.send(pingFrame);
    const { clock, pongMs, pingMs } = this.#settings;
    this.#cancel = this.#hasPong
      ? clock.after(pongMs, () => this.#lose({ code: 1006, reason: 'no pong', wasClean: false }))
      : clock.after(pingMs, () => this.ping());
  }

  /** Closes it, and tells its owner nothing more. */
  drop(): void {
    this.#isOver = true;
    this.#cancel();
    this.socket.close(1000);
  }

  #listen(): void {
    this.#cancel();
    this.#cancel = this.#settings.clock.after(this.#settings.pingMs, () => this.ping());
  }

  #received(event: MessageEvent): void {
    if (this.#isOver) return;
    this.#listen();
    if (event.data === pongFrame) this.#hasPong = true;
    else this.#listener.received(this, event);
  }

  #lose({ code, reason, wasClean }: Ending): void {
    if (this.#isOver) return;
    this.drop();
    this.#listener.lost(this, { code, reason, wasClean });
  }
}
