import type { BroadcastProgress, OutcomeCounts, StoredBroadcast } from '../gateway/broadcasts.ts';
import type { Work } from './work-claim.ts';

interface Segment extends Work {
  batches: number;
  from: string | undefined;
  /** The batches that have been cut, by their numbers. */
  readonly cuts: Map<number, Cut>;
}

interface Cut extends Work {
  readonly end: string;
  readonly found: number;
  part: number;
  /** The claim whose worker posted the part before. */
  leftBy: string | undefined;
}

/** What is kept of one broadcast. */
export interface Entry {
  /** Without its message once it has ended. */
  broadcast: StoredBroadcast;
  readonly segments: readonly Segment[];
  /** The bytes of its message and of its ids. */
  readonly bytes: number;
  status: BroadcastProgress['status'];
  readonly counts: Record<keyof OutcomeCounts, number>;
  /** How many sockets were found, once it has ended. */
  found: number;
}

/** An entry of a broadcast that begins. */
export function newEntry(broadcast: StoredBroadcast, bytes: number): Entry {
  const segments = Array.from({ length: broadcast.segments }, (): Segment => {
    return { claim: undefined, claimEnds: 0, isDone: false, batches: 0, from: undefined, cuts: new Map() };
  });
  const counts = { delivered: 0, queued: 0, gone: 0, failed: 0 };
  return { broadcast, segments, bytes, status: 'running', counts, found: 0 };
}

/** Adds outcomes. */
export function settle({ counts }: Entry, more: OutcomeCounts): void {
  counts.delivered += more.delivered;
  counts.queued += more.queued;
  counts.gone += more.gone;
  counts.failed += more.failed;
}

/** How far a broadcast is. */
export function progressOf(entry: Entry): BroadcastProgress {
  const { status, counts } = entry;
  if (status !== 'running') return { status, found: entry.found, ...counts };
  return { status, found: Math.max(foundSoFar(entry), settled(entry)), ...counts };
}

/** Whether every batch of every segment is posted. */
export function isFinished({ segments }: Entry): boolean {
  return segments.every(({ isDone, cuts }) => isDone && [...cuts.values()].every((cut) => cut.isDone));
}

/** Keeps the counts of a broadcast that has ended, and the batches that are still being posted, and nothing else. */
export function finish(entry: Entry, status: 'done' | 'cancelled'): void {
  // A batch that was cut by a run that died may have been found larger than it was when it was posted.
  entry.found = status === 'done' ? settled(entry) : Math.max(foundSoFar(entry), settled(entry));
  entry.status = status;
  entry.broadcast = { ...entry.broadcast, body: '', except: [] };
  for (const { cuts } of entry.segments) {
    for (const [at, { claim }] of cuts) if (claim === undefined) cuts.delete(at);
  }
}

/** How many sockets have an outcome. */
function settled({ counts }: Entry): number {
  return counts.delivered + counts.queued + counts.gone + counts.failed;
}

function foundSoFar({ segments }: Entry): number {
  let found = 0;
  for (const { cuts } of segments) for (const cut of cuts.values()) found += cut.found;
  return found;
}
