import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileNamed } from './readme.ts';

/** An app of the README in a process of its own. */
export interface StartedApp {
  stop(): Promise<void>;
}

/** Writes a snippet to a folder of its own and runs it; resolves once it says that it listens. */
export async function startApp(
  command: string,
  file: string,
  environment: Readonly<Record<string, string>>,
): Promise<StartedApp> {
  const folder = await mkdtemp(join(tmpdir(), 'sockethook-readme-'));
  return run(folder, file, command, [join(folder, file)], environment);
}

/** The same for a snippet in TypeScript that imports the SDK: in a folder where it finds that, and its framework. */
export async function startTypeScriptApp(
  file: string,
  environment: Readonly<Record<string, string>>,
): Promise<StartedApp> {
  const folder = await mkdtemp(join(process.cwd(), 'test/readme/.run-'));
  return run(folder, file, process.execPath, ['--import', 'tsx', join(folder, file)], environment);
}

async function run(
  folder: string,
  file: string,
  command: string,
  options: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<StartedApp> {
  await writeFile(join(folder, file), fileNamed(file));
  const { PATH } = process.env;
  const child = spawn(command, options, { env: { PATH, ...environment } });
  const stop = async (): Promise<void> => {
    await end(child);
    await rm(folder, { recursive: true });
  };
  try {
    await listening(child, file);
    return { stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function listening(child: ChildProcess, file: string): Promise<void> {
  let written = '';
  return new Promise((resolve, reject) => {
    child.stdout?.on('data', (text) => {
      written += text;
      if (written.includes('listening')) resolve();
    });
    child.stderr?.on('data', (text) => {
      written += text;
    });
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`${file} ended with ${code}:\n${written}`)));
  });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill();
  await ended;
}
