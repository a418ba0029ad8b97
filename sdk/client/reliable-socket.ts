import { Closed, type Ending, type ReliableSocketEvents, type StateChange } from './events.ts';
import { type Options, type SocketState, settingsOf, type Url } from './options.ts';
import { Outbox } from './outbox.ts';
import { Reconnector } from './reconnector.ts';

const bytesOf = (text: string): number => new TextEncoder().encode(text).length;

/**
 * A WebSocket that comes back. It has the interface of `WebSocket`: `open` comes with each new connection, `close` once,
 * at the end. Losses between are `statechange` events. It ends when the app closes it (1000, or 1005 for no code), when
 * its URL callback says `null`, and when you close it.
 */
export class ReliableSocket extends EventTarget implements WebSocket {
  static readonly CONNECTING = 0;
  static readonly OPEN = 1;
  static readonly CLOSING = 2;
  static readonly CLOSED = 3;
  readonly CONNECTING = 0;
  readonly OPEN = 1;
  readonly CLOSING = 2;
  readonly CLOSED = 3;
  onopen: WebSocket['onopen'] = null;
  onmessage: WebSocket['onmessage'] = null;
  onclose: WebSocket['onclose'] = null;
  onerror: WebSocket['onerror'] = null;
  onstatechange: ((this: ReliableSocket, event: StateChange) => unknown) | null = null;
  readonly #connections: Reconnector;
  readonly #outbox: Outbox;

  /** Begins to connect. Throws a `RangeError` that names a setting which is no number, or a negative one. */
  constructor(url: string | URL | Url, options: Options = {}) {
    super();
    const settings = settingsOf(options);
    this.#outbox = new Outbox(settings.bufferBytes);
    this.addEventListener('open', (event) => this.onopen?.(event));
    this.addEventListener('message', (event) => this.onmessage?.(event));
    this.addEventListener('close', (event) => this.onclose?.(event));
    this.addEventListener('error', (event) => this.onerror?.(event));
    this.addEventListener('statechange', (event) => this.onstatechange?.(event));
    this.#connections = new Reconnector(typeof url === 'function' ? url : () => url, settings, {
      changed: (change) => this.dispatchEvent(change),
      opened: () => this.#opened(),
      received: ({ data, origin, lastEventId }) =>
        this.dispatchEvent(new MessageEvent('message', { data, origin, lastEventId })),
      ended: (ending) => this.#ended(ending),
    });
    void this.#connections.connect();
  }

  /** What it is doing. Each change is a `statechange` event. */
  get state(): SocketState {
    return this.#connections.state;
  }

  /** As in `WebSocket`; `CONNECTING` whenever there is no connection and one may come. */
  get readyState(): 0 | 1 | 2 | 3 {
    const { state } = this;
    if (state === 'open') return 1;
    return state === 'closing' ? 2 : state === 'closed' ? 3 : 0;
  }

  /** The URL of the connection; empty while there is none. */
  get url(): string {
    return this.#connections.link?.socket.url ?? '';
  }

  get protocol(): string {
    return this.#connections.link?.socket.protocol ?? '';
  }

  get extensions(): string {
    return this.#connections.link?.socket.extensions ?? '';
  }

  /** The bytes that wait here and in the connection. */
  get bufferedAmount(): number {
    return this.#outbox.bytes + (this.#connections.link?.socket.bufferedAmount ?? 0);
  }

  get binaryType(): BinaryType {
    return this.#connections.binaryType;
  }

  set binaryType(type: BinaryType) {
    this.#connections.binaryType = type;
    if (this.#connections.link !== undefined) this.#connections.link.socket.binaryType = type;
  }

  /**
   * Sends a text, or keeps it while there is no connection. Throws a `RangeError` if `bufferBytes` are full, a
   * `TypeError` if it is no text (the gateway closes a socket that sends binary), and an `InvalidStateError` at the end.
   */
  send(text: string): void {
    if (typeof text !== 'string') throw new TypeError('data must be a string: the gateway takes no binary');
    if (this.readyState > 1) throw new DOMException('The socket is closed', 'InvalidStateError');
    const { link } = this.#connections;
    if (link?.isOpen) link.socket.send(text);
    else this.#outbox.add(text, bytesOf(text));
  }

  /** Closes it for good, and drops what waits for a connection. Throws as `WebSocket.close` does. */
  close(code?: number, reason = ''): void {
    if (code !== undefined && code !== 1000 && !(code >= 3000 && code <= 4999))
      throw new DOMException('code must be 1000, or from 3000 to 4999', 'InvalidAccessError');
    // RFC 6455 section 5.5: a close frame has at most 125 bytes, two of them for the code.
    if (bytesOf(reason) > 123) throw new DOMException('reason must have at most 123 bytes', 'SyntaxError');
    if (this.readyState > 1) return;
    this.#outbox.take();
    this.#connections.close(code, reason);
  }

  override addEventListener<Type extends keyof ReliableSocketEvents>(
    type: Type,
    listener: (this: WebSocket, event: ReliableSocketEvents[Type]) => unknown,
    options?: boolean | AddEventListenerOptions,
  ): void;
  override addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject | null,
    options?: boolean | AddEventListenerOptions,
  ): void;
  override addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject | null,
    options?: boolean | AddEventListenerOptions,
  ): void {
    super.addEventListener(type, listener, options);
  }

  /** The page may speak first on the new connection. What waited follows. */
  #opened(): void {
    this.dispatchEvent(new Event('open'));
    for (const text of this.#outbox.take()) this.send(text);
  }

  #ended(ending: Ending): void {
    this.#outbox.take();
    if (!ending.wasClean) this.dispatchEvent(new Event('error'));
    this.dispatchEvent(new Closed(ending));
  }
}
