/** The resources that a process has used so far, and the time of the question. */
export interface Usage {
  /** User and system time of all its threads. */
  readonly cpuUs: number;
  /** The part that was spent in the kernel, mostly on TCP. */
  readonly kernelUs: number;
  readonly atUs: number;
  readonly rssBytes: number;
  /** What is in use on the heap of V8, and what that holds outside of it. Absent if it is not a Node.js of ours. */
  readonly heapBytes?: number;
}

/** The share of one core that was used between two points in time; 1 is a whole core. */
export function share(before: Usage, after: Usage): number {
  return (after.cpuUs - before.cpuUs) / (after.atUs - before.atUs);
}
