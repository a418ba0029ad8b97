import { type Head, isClean, isField, isFold, knownHead, parseHead, rememberHead } from './response-head.ts';

/** Receives an answer as it arrives. */
export interface ResponseListener {
  head(head: Head): void;
  /**
   * Takes the next bytes of the body, which are those from `from` to `to` of a buffer that is reused afterwards. Returns
   * false if it wants no more.
   */
  body(bytes: Buffer, from: number, to: number): boolean;
}

/** The progress of an answer. Nothing follows a broken one. */
export type Progress = 'more' | 'done' | 'broken';

/** The maximum size of a head, and of the trailers, in bytes; the same as in Node.js's own client. */
const maxHeadBytes = 16_384;
/** The maximum size of a line that gives the length of a chunk, in bytes. */
const maxLineBytes = 1_024;

/**
 * Parses one HTTP/1.1 or 1.0 response to a GET, POST or DELETE (RFC 9112) as it arrives. Bytes that another parser
 * could read differently make the response broken: nothing is guessed.
 */
export class ResponseParser {
  #state: 'head' | 'length' | 'rest' | 'size' | 'chunk' | 'chunkEnd' | 'trailers' | 'done' = 'head';
  /** The part of an incomplete head or line that has arrived. */
  #text = '';
  /** The number of bytes still to come of the body or of a chunk. */
  #left = 0;
  #trailerBytes = 0;
  #keptMs = 0;
  #hasBegun = false;

  /** Whether anything has arrived. */
  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  /** How long the connection may be reused after the answer is done, in milliseconds. */
  get keptMs(): number {
    return this.#keptMs;
  }

  /** Takes the next bytes. Bytes after the end of the answer mean that the connection must not be reused. */
  take(bytes: Buffer, listener: ResponseListener): Progress {
    this.#hasBegun = true;
    let at = 0;
    while (at < bytes.length) {
      if (this.#state === 'done') {
        this.#keptMs = 0;
        return 'done';
      }
      const taken = this.#step(bytes, at, listener);
      if (taken === undefined) return 'broken';
      at += taken;
    }
    return this.#state === 'done' ? 'done' : 'more';
  }

  /** Makes it ready for the next answer of its connection. */
  reset(): void {
    this.#state = 'head';
    this.#text = '';
    this.#left = 0;
    this.#trailerBytes = 0;
    this.#keptMs = 0;
    this.#hasBegun = false;
  }

  /** The connection has ended. RFC 9112 section 6.3: some answers end this way. */
  end(): Progress {
    return this.#state === 'rest' || this.#state === 'done' ? 'done' : 'broken';
  }

  /** Returns how many bytes it took; undefined if they are not valid here. */
  #step(bytes: Buffer, at: number, listener: ResponseListener): number | undefined {
    switch (this.#state) {
      case 'head':
        return this.#known(bytes, at, listener) ?? this.#unknown(bytes, at, listener);
      case 'length':
      case 'chunk':
      case 'rest':
        return this.#body(bytes, at, listener);
      case 'size':
        return this.#line(bytes, at, '\r\n', maxLineBytes, (text) => this.#size(text));
      case 'chunkEnd':
        return this.#line(bytes, at, '\r\n', 0, () => this.#become('size'));
      case 'trailers':
        return this.#line(bytes, at, '\r\n', maxHeadBytes, (text) => this.#trailer(text));
      case 'done':
        return undefined;
    }
  }

  /** A head that is the same as the last, byte by byte, as most are. Returns how many bytes it took. */
  #known(bytes: Buffer, at: number, listener: ResponseListener): number | undefined {
    if (this.#text !== '') return undefined;
    const known = knownHead(bytes, at);
    if (known === undefined) return undefined;
    this.#frame(known.head);
    listener.head(known.head);
    return known.bytes.length;
  }

  #unknown(bytes: Buffer, at: number, listener: ResponseListener): number | undefined {
    const isWhole = this.#text === '';
    let found: Head | undefined;
    const taken = this.#line(bytes, at, '\r\n\r\n', maxHeadBytes, (text) => {
      found = this.#head(text);
      return found !== undefined;
    });
    if (found === undefined || found.status < 200) return taken;
    this.#frame(found);
    if (isWhole && taken !== undefined) rememberHead(found, bytes, at, at + taken);
    listener.head(found);
    return taken;
  }

  #line(
    bytes: Buffer,
    at: number,
    mark: string,
    max: number,
    read: (text: string) => boolean,
  ): number | undefined {
    const before = this.#text;
    // A line ends with its first LF. Look no further, or the rest would be scanned again for every line.
    const lineEnd = mark === '\r\n' ? bytes.indexOf('\n', at) : -1;
    const until = lineEnd < 0 ? at + max + mark.length : Math.min(lineEnd + 1, at + max + mark.length);
    const text = before + bytes.toString('latin1', at, until);
    // The text before was searched when it arrived.
    const end = text.indexOf(mark, Math.max(0, before.length - mark.length));
    if (end >= 0 && end <= max) {
      this.#text = '';
      return read(text.slice(0, end)) ? end + mark.length - before.length : undefined;
    }
    this.#text = text;
    const isHopeless = text.length > max + mark.length || !isClean(text.slice(pending(before)));
    return isHopeless ? undefined : text.length - before.length;
  }

  #head(text: string): Head | undefined {
    const head = parseHead(text);
    // RFC 9110 section 15.2: informational responses come before the answer. 101 is an error: no upgrade was requested.
    return head?.status === 101 ? undefined : head;
  }

  #frame({ framing, keptMs }: Head): void {
    this.#keptMs = framing.kind === 'rest' ? 0 : keptMs;
    this.#left = framing.kind === 'length' ? framing.bytes : Number.POSITIVE_INFINITY;
    if (framing.kind === 'none' || this.#left === 0) this.#state = 'done';
    else this.#state = framing.kind === 'chunks' ? 'size' : framing.kind;
  }

  #body(bytes: Buffer, at: number, listener: ResponseListener): number | undefined {
    const taken = Math.min(this.#left, bytes.length - at);
    this.#left -= taken;
    if (this.#left === 0) this.#state = this.#state === 'chunk' ? 'chunkEnd' : 'done';
    return listener.body(bytes, at, at + taken) ? taken : undefined;
  }

  /**
   * RFC 9112 section 7.1: a size in hexadecimal, with any number of leading zeros but no larger than a number can hold,
   * and extensions, which are ignored.
   */
  #size(text: string): boolean {
    const size = /^0*([0-9A-Fa-f]{1,13})[ \t]*(?:;[^\r\n]*)?$/.exec(text)?.[1];
    if (size === undefined) return false;
    this.#left = Number.parseInt(size, 16);
    return this.#become(this.#left === 0 ? 'trailers' : 'chunk');
  }

  /** Section 7.1.2: trailer fields after the last chunk, and an empty line. They are checked and ignored. */
  #trailer(text: string): boolean {
    const isFirst = this.#trailerBytes === 0;
    this.#trailerBytes += text.length;
    if (text === '') return this.#become('done');
    const isLine = isField(text) || (!isFirst && isFold(text));
    return isLine && this.#trailerBytes <= maxHeadBytes && isClean(text);
  }

  #become(state: 'size' | 'chunk' | 'trailers' | 'done'): true {
    this.#state = state;
    return true;
  }
}

/** Where the unchecked part begins: after the text, or at a final CR whose LF may still arrive. */
function pending(text: string): number {
  return text.endsWith('\r') ? text.length - 1 : text.length;
}
