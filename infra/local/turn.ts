import type { Writable } from 'node:stream';

/** From how many on writes go out at once: so many follow one another as it is. */
const mostHeld = 64;
/** The streams that are held; there is one event loop, so there is one turn. */
let held: Writable[] = [];

/**
 * Lets what is written to a stream in this turn of the event loop leave at its end, together with what is written to
 * others. Who reads it on the other side then wakes once and not for each write, and it is the writer who pays for that.
 */
export function hold(stream: Writable): void {
  if (stream.writableCorked > 0 || held.length >= mostHeld) return;
  if (held.length === 0) setImmediate(endTurn);
  stream.cork();
  held.push(stream);
}

function endTurn(): void {
  const ended = held;
  held = [];
  for (const stream of ended) stream.uncork();
}
