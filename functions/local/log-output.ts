import { writeSync } from 'node:fs';
import { Socket } from 'node:net';
import type { Writable } from 'node:stream';

/** Where the lines of a log go. */
export interface LogOutput {
  /** Whether a person reads the lines in a terminal. */
  readonly isTTY: boolean;
  /** Writes a text. False if it can't be written now; then it is dropped. Never throws. */
  write(text: string): boolean;
}

/** The most characters that wait for a slow reader. */
const maxUnread = 1_048_576;

/** Standard output. After this call, a failing standard output does not end the process. */
export function standardOutput(): LogOutput {
  const stdout: Writable & { readonly isTTY?: boolean } = process.stdout;
  // Node.js treats pipes and terminals as sockets; the rest are files and devices.
  return stdout instanceof Socket ? new StreamOutput(stdout) : new FileOutput(1);
}

/** A pipe or a terminal. Its unread text is bounded, and once its reader has gone it takes no more. */
export class StreamOutput implements LogOutput {
  readonly isTTY: boolean;
  readonly #stream: Writable;

  constructor(stream: Writable & { readonly isTTY?: boolean }) {
    this.isTTY = stream.isTTY === true;
    this.#stream = stream;
    // For example EPIPE: there is no reader left.
    stream.on('error', () => undefined);
  }

  write(text: string): boolean {
    const stream = this.#stream;
    if (!stream.writable || stream.writableLength + text.length > maxUnread) return false;
    stream.write(text);
    return true;
  }
}

/** A file, by its descriptor. If it can't be written, because the disk is full, each text tries again. */
export class FileOutput implements LogOutput {
  readonly isTTY = false;
  readonly #descriptor: number;
  /** Goes before the next text: the end of a line that was written in part. */
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
