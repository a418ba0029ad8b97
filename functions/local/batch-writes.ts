import type { Writable } from 'node:stream';

/** The most streams to hold back. Beyond that, writes follow one another closely anyway and go out at once. */
const maxBatched = 64;
/** After how many turns of a single write holding is left off, and for how many writes. */
const lonely = { turns: 16, writes: 256 } as const;
/** The streams that are held; there is one event loop, so there is one turn. */
let batched: Writable[] = [];
let lonelyTurns = 0;
let writesAlone = 0;

/**
 * Lets what is written to a stream in this turn of the event loop leave at its end, together with what is written to
 * others. Who reads it on the other side then wakes once and not for each write, and it is the writer who pays for that.
 * Where writes come one at a time, they go out at once.
 */
export function batchWrites(stream: Writable): void {
  if (lonelyTurns >= lonely.turns && !isTimeToTry()) return;
  if (stream.writableCorked > 0 || batched.length >= maxBatched) return;
  if (batched.length === 0) setImmediate(endTurn);
  stream.cork();
  batched.push(stream);
}

/** Whether it is time to see if writes still come one at a time; one turn shows it. */
function isTimeToTry(): boolean {
  writesAlone += 1;
  if (writesAlone < lonely.writes) return false;
  writesAlone = 0;
  lonelyTurns = lonely.turns - 1;
  return true;
}

function endTurn(): void {
  const ended = batched;
  batched = [];
  lonelyTurns = ended.length === 1 ? lonelyTurns + 1 : 0;
  for (const stream of ended) stream.uncork();
}
