import { readdir, readFile } from 'node:fs/promises';
import type { Usage } from './usage.ts';

/** Linux counts CPU time in steps of this many microseconds (USER_HZ is 100), and memory in pages of 4 KiB. */
const tickUs = 10_000;
const pageBytes = 4_096;

interface Stat {
  readonly pid: number;
  readonly parent: number;
  readonly ticks: number;
  readonly kernelTicks: number;
  readonly pages: number;
}

/** The usage of a process into which no meter can be loaded, and of all its descendants: proc(5), `stat`. */
export async function treeUsage(root: number): Promise<Usage> {
  const all = (await Promise.all((await readdir('/proc')).filter(isPid).map(readStat))).flat();
  const atUs = Number(process.hrtime.bigint() / 1_000n);
  const members = new Set([root]);
  for (let before = 0; before !== members.size; ) {
    before = members.size;
    for (const { pid, parent } of all) if (members.has(parent)) members.add(pid);
  }
  const tree = all.filter(({ pid }) => members.has(pid));
  const sum = (of: (stat: Stat) => number): number => tree.reduce((total, stat) => total + of(stat), 0);
  return {
    cpuUs: sum(({ ticks }) => ticks) * tickUs,
    kernelUs: sum(({ kernelTicks }) => kernelTicks) * tickUs,
    atUs,
    rssBytes: sum(({ pages }) => pages) * pageBytes,
  };
}

function isPid(name: string): boolean {
  return /^\d+$/.test(name);
}

async function readStat(pid: string): Promise<Stat[]> {
  const text = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => undefined);
  if (text === undefined) return [];
  // The name, in parentheses, may contain anything.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const at = (index: number): number => Number(fields[index - 3]);
  return [{ pid: Number(pid), parent: at(4), ticks: at(14) + at(15), kernelTicks: at(15), pages: at(24) }];
}
