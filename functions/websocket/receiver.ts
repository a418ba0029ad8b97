import { isUtf8 } from 'node:buffer';
import { type CloseCode, closeCodes } from '../wire/close-codes.ts';
import { GatheredBytes } from '../wire/gathered-bytes.ts';
import { readClose } from './close-payload.ts';
import { type FrameHead, maxHeadBytes, readFrameHead } from './frame-head.ts';
import { opcodes } from './frames.ts';
import { unmask } from './unmask.ts';
import { Utf8Check } from './utf8-check.ts';

/** Receives what a client sends. */
export interface ReceiverListener {
  /** A whole text, and its length in bytes of UTF-8. Returns false if it does not want the next one yet. */
  text(text: string, bytes: number): boolean;
  /** The payload is valid during the call only: copy it to keep it. */
  ping(payload: Buffer): void;
  pong(): void;
  /** A close frame. 1005 means that it had no code. */
  closing(code: number, reason: string): void;
  /** The client broke the protocol, or sent something that is not accepted. Nothing more is read. */
  violation(how: CloseCode): void;
}

/** A text that arrives in pieces, in one buffer that is never more than twice as large as what has arrived. */
class GatheredText {
  readonly bytes = new GatheredBytes();
  readonly check = new Utf8Check();
}

/**
 * The receiving half of RFC 6455: turns bytes, split anywhere, into texts and control frames. It keeps only copies of
 * an incomplete text or head. Each violation is reported with its close code from section 7.4.1. Extensions are not
 * supported.
 */
export class Receiver {
  readonly #listener: ReceiverListener;
  readonly #maxBytes: number;
  /** The bytes of an incomplete head. */
  #partialHead: Buffer | undefined;
  /** The frame whose payload is being read. */
  #frame: FrameHead | undefined;
  #key = 0;
  #left = 0;
  #text: GatheredText | undefined;
  #control: GatheredBytes | undefined;
  #isDone = false;

  /** `maxBytes` is the maximum length of a text, in bytes of UTF-8. */
  constructor(listener: ReceiverListener, maxBytes: number) {
    this.#listener = listener;
    this.#maxBytes = maxBytes;
  }

  /** How much memory it holds for an incomplete text, in bytes. */
  get held(): number {
    return this.#text?.bytes.held ?? 0;
  }

  /**
   * Takes bytes from `from` on, and overwrites them while unmasking. Returns the position that it reached, which is
   * before the end only if the listener wants no more texts for now.
   */
  take(bytes: Buffer, from: number): number {
    let at = from;
    let goesOn = true;
    while (goesOn && at < bytes.length && !this.#isDone) {
      if (this.#frame === undefined) at += this.#begin(bytes, at);
      const frame = this.#frame;
      if (frame === undefined) continue;
      const to = Math.min(bytes.length, at + this.#left);
      this.#left -= to - at;
      goesOn = this.#payload(frame, bytes, at, to);
      at = to;
      if (this.#left === 0) this.#frame = undefined;
    }
    return this.#isDone ? bytes.length : at;
  }

  /** Takes nothing more, and frees what it holds. */
  stop(): void {
    this.#isDone = true;
    this.#text = undefined;
  }

  /** Reads a head, or keeps the part that has arrived. Returns how many bytes it took. */
  #begin(bytes: Buffer, at: number): number {
    const partial = this.#partialHead;
    const kept = partial?.length ?? 0;
    const source =
      partial === undefined ? bytes : Buffer.concat([partial, bytes.subarray(at, at + maxHeadBytes - kept)]);
    const start = partial === undefined ? at : 0;
    const head = readFrameHead(source, start);
    if (head === undefined) {
      this.#partialHead = partial === undefined ? Buffer.from(bytes.subarray(at)) : source;
      return bytes.length - at;
    }
    this.#partialHead = undefined;
    if (!head.ok) this.#violation(head.error);
    else this.#enter(head.value);
    return head.ok ? head.value.bytes - kept : 0;
  }

  #enter(frame: FrameHead): void {
    const { opcode, length } = frame;
    const isPart = this.#text !== undefined;
    if (opcode <= opcodes.binary) {
      // Section 5.4: only control frames may come between the fragments of a text.
      const bytes = length + (this.#text?.bytes.length ?? 0);
      if (isPart !== (opcode === opcodes.continuation)) this.#violation(closeCodes.protocolError);
      else if (opcode === opcodes.binary) this.#violation(closeCodes.unsupported);
      else if (bytes > this.#maxBytes) this.#violation(closeCodes.tooBig);
      if (this.#isDone) return;
    }
    this.#frame = frame;
    this.#key = frame.key;
    this.#left = length;
  }

  /** Takes the payload or part of it. Returns whether the listener wants more texts. */
  #payload(frame: FrameHead, bytes: Buffer, at: number, to: number): boolean {
    this.#key = unmask(bytes, at, to, this.#key);
    if (frame.opcode > opcodes.binary) {
      this.#controlled(frame, bytes.subarray(at, to));
      return true;
    }
    const isWhole = frame.isFinal && this.#left === 0;
    if (isWhole && this.#text === undefined) return this.#single(bytes, at, to);
    this.#text ??= new GatheredText();
    const { bytes: gathered, check } = this.#text;
    if (!check.take(bytes.subarray(at, to))) return this.#violation(closeCodes.invalidText);
    const inAll = frame.isFinal ? gathered.length + to - at + this.#left : undefined;
    gathered.add(bytes.subarray(at, to), inAll);
    if (!isWhole) return true;
    if (!check.isWhole) return this.#violation(closeCodes.invalidText);
    this.#text = undefined;
    return this.#listener.text(gathered.toString(), gathered.length);
  }

  /** A text that arrives in one piece, as nearly all do. */
  #single(bytes: Buffer, at: number, to: number): boolean {
    const text = bytes.toString('utf8', at, to);
    // Invalid bytes decode to this character, but it may also have been sent as such.
    if (text.includes('\ufffd') && !isUtf8(bytes.subarray(at, to)))
      return this.#violation(closeCodes.invalidText);
    return this.#listener.text(text, to - at);
  }

  #controlled({ opcode }: FrameHead, part: Buffer): void {
    let payload = part;
    if (this.#left > 0 || this.#control !== undefined) {
      this.#control ??= new GatheredBytes();
      this.#control.add(part);
      if (this.#left > 0) return;
      payload = this.#control.bytes;
      this.#control = undefined;
    }
    if (opcode === opcodes.ping) this.#listener.ping(payload);
    else if (opcode === opcodes.pong) this.#listener.pong();
    else this.#close(payload);
  }

  #close(payload: Buffer): void {
    const close = readClose(payload);
    if (!close.ok) {
      this.#violation(close.error);
      return;
    }
    // Section 5.5.1: nothing follows a close frame.
    this.#isDone = true;
    this.#listener.closing(close.value.code, close.value.reason);
  }

  #violation(how: CloseCode): false {
    this.stop();
    this.#listener.violation(how);
    return false;
  }
}
