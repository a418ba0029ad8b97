import { readServerClose, readServerFrames } from '../server-frames.ts';

/** What came of a stream. */
export interface Outcome {
  readonly texts: readonly string[];
  /** The payloads of the pongs, in hexadecimal digits. */
  readonly pongs: readonly string[];
  /** The code of the close frame that the client got: 1005 if it was empty, undefined if there was none. */
  readonly close: number | undefined;
  /** What the server was told, if the client closed it in good order. */
  readonly told: { readonly code: number; readonly reason: string } | undefined;
}

/** What a client gets of what was written: nothing follows a close frame (RFC 6455 section 5.5.1). */
export function readWritten(bytes: Buffer): Pick<Outcome, 'pongs' | 'close'> {
  const { frames, taken } = readServerFrames(bytes);
  const end = frames.findIndex(({ opcode }) => opcode === 8);
  if (taken !== bytes.length || (end >= 0 && end !== frames.length - 1))
    throw new Error(`written: ${bytes.toString('hex')}`);
  const last = frames[end];
  return {
    pongs: frames.filter(({ opcode }) => opcode === 10).map(({ payload }) => payload.toString('hex')),
    close: last === undefined ? undefined : readServerClose(last).code,
  };
}
