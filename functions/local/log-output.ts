import { writeSync } from 'node:fs';
import { Socket } from 'node:net';
import type { Writable } from 'node:stream';

/** Where the lines of a log go. */
export interface LogOutput {
  /** Whether a person reads along. */
  readonly isTTY: boolean;
  /** Writes a text; false if it can't be written for now, and is dropped. Never throws. */
  write(text: string): boolean;
}

/** How much of what a slow reader has not read yet is kept for it, in characters. */
const maxUnread = 1_048_576;

/** Standard output. Once this was called, a failure of it ends nothing. */
export function standardOutput(): LogOutput {
  const stdout: Writable & { readonly isTTY?: boolean } = process.stdout;
  // Pipes and terminals are sockets to Node; what is left are files and devices.
  return stdout instanceof Socket ? new StreamOutput(stdout) : new FileOutput(1);
}

/** A stream: a pipe, a terminal. What its reader leaves unread is bounded; without a reader it takes nothing more. */
export class StreamOutput implements LogOutput {
  readonly isTTY: boolean;
  readonly #stream: Writable;

  constructor(stream: Writable & { readonly isTTY?: boolean }) {
    this.isTTY = stream.isTTY === true;
    this.#stream = stream;
    // EPIPE, for one: nobody is left to be told.
    stream.on('error', () => undefined);
  }

  write(text: string): boolean {
    const stream = this.#stream;
    if (!stream.writable || stream.writableLength + text.length > maxUnread) return false;
    stream.write(text);
    return true;
  }
}

/** A file, by its descriptor. One that can't be written, its disk being full, is tried again with each text. */
export class FileOutput implements LogOutput {
  readonly isTTY = false;
  readonly #descriptor: number;
  /** What stands before the next text: the end of a line that was written in part. */
  #before = '';

  constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  write(text: string): boolean {
    const bytes = Buffer.from(this.#before + text);
    let written = 0;
    try {
      while (written < bytes.length) written += writeSync(this.#descriptor, bytes, written);
      this.#before = '';
      return true;
    } catch {
      if (written > 0) this.#before = written === 1 && this.#before !== '' ? '' : '\n';
      return false;
    }
  }
}
