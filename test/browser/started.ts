import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventually } from '../support/eventually.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** A gateway and its demo app as a stranger starts them, in processes of their own. */
export class Started {
  readonly page: string;
  readonly #port: number;
  readonly #folder: string;
  #child: ChildProcess | undefined;
  #written = '';

  private constructor(port: number, folder: string) {
    this.#port = port;
    this.#folder = folder;
    this.page = `http://localhost:${port + 1}/`;
  }

  /** Starts on two free ports, with secrets of its own. */
  static async create(): Promise<Started> {
    const started = new Started(await freePair(), await mkdtemp(join(tmpdir(), 'sockethook-')));
    await started.start();
    return started;
  }

  /** Starts what `npm start` runs, and waits until the page answers. npm itself would end a SIGTERM with 143. */
  async start(): Promise<void> {
    const { PATH, HOME } = process.env;
    const child = spawn(`exec ${await startScript()}`, {
      cwd: root,
      shell: true,
      env: { PATH, HOME, PORT: String(this.#port), SOCKETHOOK_DIR: this.#folder },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (this.#written += text));
    await eventually(`${this.page} answers`, async () => {
      if (!isRunning(child)) throw new Error(`npm start ended with ${child.exitCode}:\n${this.#written}`);
      return isAnswering(this.page);
    });
  }

  /** Ends it as a terminal or a service manager would; resolves to its exit code, undefined if it does not run. */
  async stop(): Promise<number | null | undefined> {
    const child = this.#child;
    if (child === undefined || !isRunning(child)) return undefined;
    const exit = once(child, 'exit');
    child.kill('SIGTERM');
    await exit;
    return child.exitCode;
  }

  /** Whether the page still answers. */
  answers(): Promise<boolean> {
    return isAnswering(this.page);
  }

  /** Stops, and removes the secrets. */
  async remove(): Promise<void> {
    await this.stop();
    await rm(this.#folder, { recursive: true });
  }
}

async function startScript(): Promise<string> {
  const content: { scripts: { start: string } } = JSON.parse(await readFile(`${root}package.json`, 'utf8'));
  return content.scripts.start;
}

function isRunning({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode === null && signalCode === null;
}

async function isAnswering(url: string): Promise<boolean> {
  return fetch(url).then(
    ({ ok }) => ok,
    () => false,
  );
}

/** A port that is free, as is the next one. */
async function freePair(): Promise<number> {
  for (;;) {
    const first = await freePort(0);
    if (first !== undefined && first < 65_535 && (await freePort(first + 1)) !== undefined) return first;
  }
}

function freePort(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      const found = address !== null && typeof address === 'object' ? address.port : undefined;
      server.close(() => resolve(found));
    });
  });
}
