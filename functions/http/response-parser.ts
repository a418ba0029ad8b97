import { type Head, isClean, isField, isFold, parseHead } from './response-head.ts';

/** Who hears of an answer as it comes in. */
export interface ResponseListener {
  head(head: Head): void;
  /** The next bytes of the body, in memory that is used again afterwards. False if no more of it is wanted. */
  body(bytes: Buffer): boolean;
}

/** How far an answer has come; one that is broken says nothing more. */
export type Progress = 'more' | 'done' | 'broken';

/** As Node.js has it for its own client: the most bytes of a head, or of what follows the last chunk. */
const maxHeadBytes = 16_384;
/** The most bytes of a line that says how long a chunk is. */
const maxLineBytes = 1_024;

/**
 * Parses one HTTP/1.1 or 1.0 response to a GET, POST or DELETE (RFC 9112) as it arrives. Bytes that another parser
 * could read differently make the response broken: nothing is guessed.
 */
export class ResponseParser {
  #state: 'head' | 'length' | 'rest' | 'size' | 'chunk' | 'chunkEnd' | 'trailers' | 'done' = 'head';
  /** What has come of a head or a line that is not whole. */
  #text = '';
  /** The bytes that are left of the body or of a chunk. */
  #left = 0;
  #trailerBytes = 0;
  #keptMs = 0;
  #hasBegun = false;

  /** Whether anything has come. */
  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  /** How long the connection can be used again after an answer that is done, in milliseconds. */
  get keptMs(): number {
    return this.#keptMs;
  }

  /** Takes what has come. Bytes behind the end of the answer mean that its connection is not to be used again. */
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

  /** The connection has ended, and nothing more will come. RFC 9112 section 6.3: some answers end in this way. */
  end(): Progress {
    return this.#state === 'rest' || this.#state === 'done' ? 'done' : 'broken';
  }

  /** How many bytes it took; undefined if they are not what has to come here. */
  #step(bytes: Buffer, at: number, listener: ResponseListener): number | undefined {
    switch (this.#state) {
      case 'head':
        return this.#line(bytes, at, '\r\n\r\n', maxHeadBytes, (text) => this.#head(text, listener));
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

  #line(
    bytes: Buffer,
    at: number,
    mark: string,
    max: number,
    read: (text: string) => boolean,
  ): number | undefined {
    const before = this.#text;
    // A line ends with its first LF; what is behind it is not looked at for each line anew.
    const lineEnd = mark === '\r\n' ? bytes.indexOf('\n', at) : -1;
    const until = lineEnd < 0 ? at + max + mark.length : Math.min(lineEnd + 1, at + max + mark.length);
    const text = before + bytes.toString('latin1', at, until);
    // What came before was looked at when it came.
    const end = text.indexOf(mark, Math.max(0, before.length - mark.length));
    if (end >= 0 && end <= max) {
      this.#text = '';
      return read(text.slice(0, end)) ? end + mark.length - before.length : undefined;
    }
    this.#text = text;
    const isHopeless = text.length > max + mark.length || !isClean(text.slice(pending(before)));
    return isHopeless ? undefined : text.length - before.length;
  }

  #head(text: string, listener: ResponseListener): boolean {
    const head = parseHead(text);
    if (head === undefined) return false;
    // RFC 9110 section 15.2: what is only informational comes before the answer. We asked for no other protocol.
    if (head.status < 200) return head.status !== 101;
    this.#frame(head);
    listener.head(head);
    return true;
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
    return listener.body(bytes.subarray(at, at + taken)) ? taken : undefined;
  }

  /**
   * RFC 9112 section 7.1: a size in hexadecimal, as long as it likes but no more than a number can be, and extensions
   * that mean nothing to us.
   */
  #size(text: string): boolean {
    const size = /^0*([0-9A-Fa-f]{1,13})[ \t]*(?:;[^\r\n]*)?$/.exec(text)?.[1];
    if (size === undefined) return false;
    this.#left = Number.parseInt(size, 16);
    return this.#become(this.#left === 0 ? 'trailers' : 'chunk');
  }

  /** Section 7.1.2: fields behind the last chunk, and an empty line; none of them is for us. */
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

/** Where what was not looked at yet begins: behind the text, or at a CR at its end whose LF may be to come. */
function pending(text: string): number {
  return text.endsWith('\r') ? text.length - 1 : text.length;
}
