import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../support/free-port.ts';
import { listening } from '../measure/listening.ts';
import { treeUsage } from '../measure/process-tree.ts';
import type { Running } from './subject.ts';

/** A program of another project, and the files that it reads. `PORT`, `APP` and `FOLDER` in them are filled in. */
export interface Foreign {
  readonly command: string;
  /** By name. They are written to `FOLDER`. */
  readonly files: Readonly<Record<string, string>>;
  readonly args: readonly string[];
}

/** Whether a command is installed here. */
export function isInstalled(command: string): boolean {
  try {
    execFileSync('which', [command], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** A file from the folder with the servers. */
export function serverFile(name: string): string {
  return readFileSync(new URL(`../servers/${name}`, import.meta.url), 'utf8');
}

/** Starts such a program in a separate folder, for an app on this port. */
export async function startForeign(
  { command, files, args }: Foreign,
  appPort: number,
): Promise<{ port: number } & Pick<Running, 'usage' | 'collect' | 'stop'>> {
  const folder = mkdtempSync(join(tmpdir(), 'sockethook-bench-'));
  const port = await freePort();
  const fill = (text: string): string =>
    text
      .replaceAll('FOLDER', folder)
      .replaceAll('PORT', String(port))
      .replaceAll('APP', `127.0.0.1:${appPort}`);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), fill(text));
  const child = spawn(command, args.map(fill), { cwd: folder, stdio: 'ignore' });
  await listening(port);
  return {
    port,
    usage: () => treeUsage(child.pid ?? 0),
    collect: async () => {},
    stop: async () => {
      await end(child);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function end(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit');
  child.kill();
  await Promise.race([exited, sleep(5_000, undefined, { ref: false })]);
  child.kill('SIGKILL');
}
