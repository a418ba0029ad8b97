import { GatheredBytes } from '../wire/gathered-bytes.ts';
import { parseRequestHead, type RequestHead } from './request-head.ts';
import type { TransportListener } from './transport.ts';
import { isWebSocketUpgrade } from './upgrade-check.ts';

/** Receives the first request of a connection. */
export interface FirstRequest {
  /** It asks for a WebSocket. `early` arrived after its head. */
  upgrade(head: RequestHead, early: Buffer): void;
  /** It is any other request, or can't be parsed. `read` is everything that has arrived. */
  other(read: Buffer): void;
  /** It may ask for a WebSocket, but its head is too large. */
  tooLarge(): void;
  /** The connection ended before that was known. */
  gone(): void;
}

/** The only method that can upgrade. */
const get = Buffer.from('GET ');
const [cr, lf] = [0x0d, 0x0a];
/** A cheap test that every upgrade request passes. */
const mention = /\r\nupgrade:[^\r\n]*websocket/i;

/**
 * Reads just enough of a new connection to tell whether its first request asks for a WebSocket. It answers nothing, and
 * hands over any other request unchanged and complete.
 */
export class RequestReader implements TransportListener {
  readonly #first: FirstRequest;
  readonly #maxBytes: number;
  readonly #read = new GatheredBytes();

  /** `maxBytes` is the maximum size of a head, without the empty line at its end. */
  constructor(first: FirstRequest, maxBytes: number) {
    this.#first = first;
    this.#maxBytes = maxBytes;
  }

  data(bytes: Buffer): void {
    const before = this.#read.length;
    if (before > 0) this.#read.add(bytes);
    const all = before > 0 ? this.#read.bytes : bytes;
    const end = all.indexOf('\r\n\r\n', Math.max(0, before - 3));
    const isTooLarge = (end < 0 ? all.length - 3 : end) > this.#maxBytes;
    // RFC 9112 section 2.2: a bare LF does not end a line here. Hand the request over at once, so that it is refused.
    if (!mayBeginWith(get, all) || hasBareLf(all, before, end)) this.#first.other(all);
    else if (isTooLarge) this.#first.tooLarge();
    else if (end < 0) this.#keep(before, bytes);
    else this.#decide(all, end);
  }

  ended(): void {
    this.#first.gone();
  }

  drained(): void {}

  closed(): void {
    this.#first.gone();
  }

  #keep(before: number, bytes: Buffer): void {
    if (before === 0) this.#read.add(bytes);
  }

  #decide(all: Buffer, end: number): void {
    const text = all.toString('latin1', 0, end);
    const head = mention.test(text) ? parseRequestHead(text) : undefined;
    if (head !== undefined && isWebSocketUpgrade(head)) this.#first.upgrade(head, all.subarray(end + 4));
    else this.#first.other(all);
  }
}

/** Whether a head has a bare LF at or after `from`. `end` is negative if the head is incomplete. */
export function hasBareLf(bytes: Buffer, from: number, end: number): boolean {
  const to = end < 0 ? bytes.length : end;
  for (let at = bytes.indexOf(lf, from); at >= 0 && at < to; at = bytes.indexOf(lf, at + 1))
    if (bytes[at - 1] !== cr) return true;
  return false;
}

/** Whether these bytes begin with a method and its space, or may once more have come. */
export function mayBeginWith(method: Buffer, bytes: Buffer): boolean {
  const length = Math.min(bytes.length, method.length);
  return bytes.compare(method, 0, length, 0, length) === 0;
}
