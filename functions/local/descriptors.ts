import * as v from 'valibot';

/** How many connections may be open at a time. Each takes a descriptor. */
export interface DescriptorShares {
  /** To the app: the most hooks in flight. */
  readonly app: number;
  /** From clients and from callers of the HTTP API. */
  readonly clients: number;
}

/** The most connections to the app, however many descriptors there are: Linux has 28,000 ports for one address. */
const maxToApp = 4_096;
/** For the process itself: about 25 files, pipes and listening ports, and some to spare. */
const ownDescriptors = 40;

/**
 * Divides the descriptors of a process. Hooks take at most a quarter. Clients may take all but a sixteenth, which is
 * reserved for hooks: a gateway so full of clients that it can't post to the app is of no use.
 */
export function descriptorShares(descriptors: number): DescriptorShares {
  const app = Math.max(1, Math.min(maxToApp, Math.floor(descriptors / 4)));
  const kept = Math.min(app, Math.ceil(descriptors / 16));
  return { app, clients: Math.max(1, descriptors - ownDescriptors - kept) };
}

const limitsReport = v.object({
  userLimits: v.object({ open_files: v.object({ soft: v.union([v.number(), v.literal('unlimited')]) }) }),
});

/**
 * How many descriptors this process may have open: `ulimit -n`, from the report of Node.js, which raises the soft limit
 * to the hard one when it starts. Infinite if there is no limit or it is unknown.
 */
export function maxDescriptors(): number {
  const { report } = process;
  // Otherwise the report looks up the names of all peers.
  Reflect.set(report, 'excludeNetwork', true);
  const read = v.safeParse(limitsReport, report.getReport());
  const soft = read.success ? read.output.userLimits.open_files.soft : 'unlimited';
  return soft === 'unlimited' ? Number.POSITIVE_INFINITY : soft;
}
