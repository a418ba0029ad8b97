import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ChildApp, type Environment } from '../support/child-app.ts';
import { fileNamed } from './page.ts';

/** An app of a page in its own process. */
export interface StartedApp {
  stop(): Promise<void>;
}

/** How a snippet is run. */
export interface Run {
  readonly command: string;
  readonly file: string;
  /** Snippets that it imports. */
  readonly imported?: readonly string[];
  /** A Python program that imports the snippet and serves it, instead of the snippet itself. */
  readonly server?: string;
}

/** Writes a snippet, and those that it imports, to a new folder and runs it; resolves once it says that it listens. */
export async function startApp(
  { command, file, imported = [], server }: Run,
  environment: Environment,
): Promise<StartedApp> {
  const folder = await mkdtemp(join(tmpdir(), 'sockethook-readme-'));
  for (const name of imported) await writeFile(join(folder, name), fileNamed(name));
  const program = server ?? join(folder, file);
  return run(folder, file, command, [program], { ...environment, PYTHONPATH: folder });
}

/** The same for a snippet that imports the SDK: in a folder where it finds that, and its framework. */
export async function startSdkApp(file: string, environment: Environment): Promise<StartedApp> {
  const folder = await mkdtemp(join(process.cwd(), 'test/readme/.run-'));
  return run(folder, file, process.execPath, ['--import', 'tsx', join(folder, file)], environment);
}

async function run(
  folder: string,
  file: string,
  command: string,
  args: readonly string[],
  environment: Environment,
): Promise<StartedApp> {
  await writeFile(join(folder, file), fileNamed(file));
  const remove = (): Promise<void> => rm(folder, { recursive: true });
  try {
    const app = await ChildApp.start(command, args, environment);
    const stop = async (): Promise<void> => {
      await app.stop();
      await remove();
    };
    return { stop };
  } catch (error) {
    await remove();
    throw error;
  }
}
