import { setTimeout as sleep } from 'node:timers/promises';

/** What goes by between two runs of a function. */
export const idle = {
  none: async (): Promise<void> => {},
  /** Longer than a connection is kept that nobody uses, and than most servers keep one. */
  long: (): Promise<void> => sleep(6_000),
} as const;
