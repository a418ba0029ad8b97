import * as v from 'valibot';

/** How many connections there may be at a time, each of which takes a descriptor. */
export interface DescriptorShares {
  /** To the app: so many hooks can be under way at once. */
  readonly app: number;
  /** From clients, and from whoever calls the HTTP API. */
  readonly clients: number;
}

/** The most connections to the app, wherever descriptors are plenty: one address has 28,000 ports for them on Linux. */
const maxToApp = 4_096;
/** What the process itself has open: files, pipes, the port it listens on; some 25 of them, and some to spare. */
const ownDescriptors = 40;

/**
 * Shares out the descriptors that a process may have. A quarter is the most that hooks take. Clients may take all but a
 * sixteenth, which stays for hooks: a gateway that lets in so many that it can't ask the app any more is of no use.
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
 * How many descriptors this process may have at once: `ulimit -n`, by the report of Node.js, which at its start has made
 * the soft limit the hard one. Infinite where there is no limit, or none that can be known.
 */
export function maxDescriptors(): number {
  const { report } = process;
  // Else it looks up the names of all peers.
  Reflect.set(report, 'excludeNetwork', true);
  const read = v.safeParse(limitsReport, report.getReport());
  const soft = read.success ? read.output.userLimits.open_files.soft : 'unlimited';
  return soft === 'unlimited' ? Number.POSITIVE_INFINITY : soft;
}
