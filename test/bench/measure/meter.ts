import { answer } from './questions.ts';
import type { Usage } from './usage.ts';

/**
 * Loaded before a program that is measured. Reports the resources that its process has used, and changes nothing else.
 */
answer({
  usage: (): Usage => {
    const { user, system } = process.cpuUsage();
    const atUs = Number(process.hrtime.bigint() / 1_000n);
    const { rss: rssBytes, heapUsed, external } = process.memoryUsage();
    return { cpuUs: user + system, kernelUs: system, atUs, rssBytes, heapBytes: heapUsed + external };
  },
  collect: () => globalThis.gc?.(),
});
process.on('disconnect', () => process.exit(1));
