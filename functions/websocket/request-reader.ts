import { GatheredBytes } from '../wire/gathered-bytes.ts';
import { parseRequestHead, type RequestHead } from './request-head.ts';
import type { TransportListener } from './transport.ts';
import { isWebSocketUpgrade } from './upgrade-check.ts';

/** What becomes of the first request of a connection. */
export interface FirstRequest {
  /** It asks for a WebSocket; `early` came behind its head. */
  upgrade(head: RequestHead, early: Buffer): void;
  /** It is any other, or can't be read; `read` is all that has come. */
  other(read: Buffer): void;
  /** It may be one, and its head is longer than it may be. */
  tooLarge(): void;
  /** The connection ended before it was known. */
  gone(): void;
}

const get = Buffer.from('GET ');
const [cr, lf] = [0x0d, 0x0a];
/** Where an upgrade shows, at a glance. */
const mention = /\r\nupgrade:[^\r\n]*websocket/i;

/**
 * Reads of a new connection what it takes to know whether its first request asks for a WebSocket: nothing is answered
 * here, and nothing of another request is changed or kept back.
 */
export class RequestReader implements TransportListener {
  readonly #first: FirstRequest;
  readonly #maxBytes: number;
  readonly #read = new GatheredBytes();

  /** `mostBytes` is what a head may have, without the empty line at its end. */
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
    // A line that ends in LF alone ends no head of ours: RFC 9112 section 2.2. Whoever else reads it says so at once.
    if (!isGet(all) || hasBareLf(all, before, end)) this.#first.other(all);
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

/** Whether there is an LF without its CR in a head, from where it was not looked for yet; `end` is negative if more of it is to come. */
function hasBareLf(bytes: Buffer, from: number, end: number): boolean {
  const to = end < 0 ? bytes.length : end;
  for (let at = bytes.indexOf(lf, from); at >= 0 && at < to; at = bytes.indexOf(lf, at + 1))
    if (bytes[at - 1] !== cr) return true;
  return false;
}

/** Whether bytes are the beginning of a GET, as far as they go; the method of an upgrade is no other. */
function isGet(bytes: Buffer): boolean {
  const length = Math.min(bytes.length, get.length);
  return bytes.compare(get, 0, length, 0, length) === 0;
}
