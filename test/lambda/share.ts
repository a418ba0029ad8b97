import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** How a process is held to its share of a core. */
export type Means = 'cgroup v1' | 'cgroup v2' | 'signals';

/** A process that has no more of the machine than its share. */
export interface Share {
  readonly means: Means;
  /** Stops it where it stands, as Lambda does between two runs. */
  freeze(): void;
  thaw(): void;
  /** Gives back what was needed to hold it; the process has ended. */
  release(): void;
}

/** AWS Lambda Developer Guide, "Configure Lambda function memory": at 1,769 MB a function has one vCPU. */
const mbOfCore = 1_769;
/** Lambda's own period of a CPU quota, in microseconds, as functions have measured it. */
const periodUs = 20_000;

let shares = 0;

/** Holds a process to what a Lambda of so many MB has: of a core, and of memory as far as there are cgroups. */
export function hold(pid: number, memoryMb: number, means: Means = meansHere()): Share {
  const quotaUs = Math.min(1, memoryMb / mbOfCore) * periodUs;
  return means === 'signals' ? bySignals(pid, quotaUs) : byCgroup(pid, memoryMb, quotaUs, means);
}

/** What this machine lets us do. */
export function meansHere(): Means {
  for (const means of ['cgroup v2', 'cgroup v1'] as const) {
    const folders = foldersOf(means, `sockethook-probe-${process.pid}`);
    try {
      write(folders, settingsOf(means, 128, periodUs / 2));
      return means;
    } catch {
      // Not here, or not ours to use.
    } finally {
      remove(folders);
    }
  }
  return 'signals';
}

type Controller = 'cpu' | 'memory';
type Folders = Readonly<Record<Controller, string>>;

function foldersOf(means: Exclude<Means, 'signals'>, name: string): Folders {
  const root = '/sys/fs/cgroup';
  return means === 'cgroup v2'
    ? { cpu: join(root, name), memory: join(root, name) }
    : { cpu: join(root, 'cpu', name), memory: join(root, 'memory', name) };
}

/** The files of each controller, and what is written into them. */
function settingsOf(means: Exclude<Means, 'signals'>, memoryMb: number, quotaUs: number) {
  const [quota, bytes] = [String(Math.round(quotaUs)), String(memoryMb * 1_048_576)];
  return means === 'cgroup v2'
    ? [['cpu', 'cpu.max', `${quota} ${periodUs}`] as const, ['memory', 'memory.max', bytes] as const]
    : [
        ['cpu', 'cpu.cfs_period_us', String(periodUs)] as const,
        ['cpu', 'cpu.cfs_quota_us', quota] as const,
        ['memory', 'memory.limit_in_bytes', bytes] as const,
      ];
}

function write(folders: Folders, settings: readonly (readonly [Controller, string, string])[]): void {
  for (const folder of new Set(Object.values(folders))) mkdirSync(folder);
  for (const [controller, file, value] of settings) {
    const path = join(folders[controller], file);
    // A folder that is none of the kernel's would take any file.
    if (!existsSync(path)) throw new Error(`There is no ${path}.`);
    writeFileSync(path, value);
  }
}

function remove(folders: Folders): void {
  for (const folder of new Set(Object.values(folders))) if (existsSync(folder)) rmdirSync(folder);
}

function byCgroup(pid: number, memoryMb: number, quotaUs: number, means: Exclude<Means, 'signals'>): Share {
  shares += 1;
  const folders = foldersOf(means, `sockethook-${process.pid}-${shares}`);
  write(folders, settingsOf(means, memoryMb, quotaUs));
  for (const folder of new Set(Object.values(folders))) writeFileSync(join(folder, 'cgroup.procs'), `${pid}`);
  return {
    means,
    freeze: () => signal(pid, 'SIGSTOP'),
    thaw: () => signal(pid, 'SIGCONT'),
    release: () => remove(folders),
  };
}

/** In each period it runs for its share of it and then stands still. It has the machine's memory. */
function bySignals(pid: number, quotaUs: number): Share {
  const [runMs, restMs] = [quotaUs / 1_000, (periodUs - quotaUs) / 1_000];
  let timer: NodeJS.Timeout | undefined;
  const go = (): void => {
    signal(pid, 'SIGCONT');
    timer = setTimeout(rest, runMs);
  };
  const rest = (): void => {
    signal(pid, 'SIGSTOP');
    timer = setTimeout(go, restMs);
  };
  const stop = (): void => clearTimeout(timer);
  if (restMs > 0) rest();
  return {
    means: 'signals',
    freeze: () => {
      stop();
      signal(pid, 'SIGSTOP');
    },
    thaw: () => {
      stop();
      signal(pid, 'SIGCONT');
      if (restMs > 0) rest();
    },
    release: stop,
  };
}

function signal(pid: number, name: 'SIGSTOP' | 'SIGCONT'): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended.
  }
}

/** The CPU time that a process has used, in milliseconds. proc(5): fields 14 and 15 of `stat`, in ticks of 10 ms. */
export function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}
