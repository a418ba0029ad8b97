/** What a process has used so far, and when it was asked. */
export interface Usage {
  /** User and system time of all its threads. */
  readonly cpuUs: number;
  /** The part of it that was spent in the kernel, mostly on TCP. */
  readonly kernelUs: number;
  readonly atUs: number;
  readonly rssBytes: number;
}

/** Which part of one core was used between two moments; 1 is a whole core. */
export function share(before: Usage, after: Usage): number {
  return (after.cpuUs - before.cpuUs) / (after.atUs - before.atUs);
}
