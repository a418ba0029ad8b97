import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ChildApp } from '../support/child-app.ts';
import { eventually } from '../support/eventually.ts';
import { freePort, isFree } from '../support/free-port.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** A gateway and its demo app as a stranger starts them, in processes of their own. */
export class Started {
  readonly page: string;
  readonly #port: number;
  readonly #folder: string;
  #app: ChildApp | undefined;

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
    const { HOME } = process.env;
    const environment = { HOME, PORT: String(this.#port), SOCKETHOOK_DIR: this.#folder };
    const app = new ChildApp('/bin/sh', ['-c', `exec ${await startScript()}`], environment, { cwd: root });
    this.#app = app;
    await eventually(`${this.page} answers`, async () => {
      if (!app.isRunning) throw new Error(`npm start ended with ${(await app.ended)[0]}:\n${app.written}`);
      return isAnswering(this.page);
    });
  }

  /** Ends it as a terminal or a service manager would; resolves to its exit code, undefined if it does not run. */
  async stop(): Promise<number | null | undefined> {
    return this.#app?.stop();
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

async function isAnswering(url: string): Promise<boolean> {
  return fetch(url).then(
    ({ ok }) => ok,
    () => false,
  );
}

/** A port that is free, as is the next one. */
async function freePair(): Promise<number> {
  for (;;) {
    const first = await freePort();
    if (first < 65_535 && (await isFree(first + 1))) return first;
  }
}
