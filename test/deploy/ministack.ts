import { access, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { ChildApp } from '../support/child-app.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { HttpsFront } from './https-front.ts';

/** How long it may take to end by itself, in milliseconds. */
const killAfterMs = 15_000;

/** Where `.ci/run` installs it; `MINISTACK` names another place. */
const command = process.env['MINISTACK'] ?? resolve('node_modules/.cache/ministack/bin/ministack');

/**
 * MiniStack, an AWS in one process that others wrote, with nothing in it yet. It checks the policies of roles
 * (`AUTH`), so what runs here has the permissions that the stack gave it, and no more.
 */
export class Ministack {
  /** Where it says to be AWS: what the command line, the SDK and the functions call. */
  readonly endpoint: string;
  /** Where clients and apps find the APIs. */
  readonly url: string;
  readonly #app: ChildApp;
  readonly #front: HttpsFront;
  readonly #folder: string;

  private constructor(url: string, app: ChildApp, front: HttpsFront, folder: string) {
    this.endpoint = front.url;
    this.url = url;
    this.#app = app;
    this.#front = front;
    this.#folder = folder;
  }

  /** Starts it on a free port; rejects with a sentence that says how to install it if it is not there. */
  static async start(): Promise<Ministack> {
    await access(command).catch(() => {
      throw new Error(
        `There is no ${command}. Install it: python3 -m venv node_modules/.cache/ministack && node_modules/.cache/ministack/bin/pip install ministack; or set MINISTACK to its path.`,
      );
    });
    const [port, folder] = [await freePort(), await mkdtemp(join(tmpdir(), 'sockethook-deploy-'))];
    const front = await HttpsFront.start(port);
    const env = {
      ...{ HOME: process.env['HOME'], TMPDIR: folder },
      ...{
        GATEWAY_PORT: String(port),
        MINISTACK_HOST: '127.0.0.1',
        AUTH: 'true',
        AWS_ENDPOINT_URL: front.url,
      },
    };
    const app = new ChildApp(command, [], env, { cwd: folder });
    const ministack = new Ministack(`http://127.0.0.1:${port}`, app, front, folder);
    await eventually('MiniStack answers', () => ministack.#answers());
    return ministack;
  }

  /** What the command line and the SDK have to know to take it for AWS. */
  get environment(): Readonly<Record<string, string>> {
    return {
      AWS_ENDPOINT_URL: this.endpoint,
      AWS_ENDPOINT_URL_S3: this.endpoint,
      // The root user of its only account.
      ...{ AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test', AWS_REGION: 'us-east-1' },
      ...{ CDK_DEFAULT_ACCOUNT: '000000000000', CDK_DEFAULT_REGION: 'us-east-1' },
    };
  }

  /** Everything that it and what ran in it wrote. */
  get log(): string {
    return this.#app.written;
  }

  /** In some runs, MiniStack waits for ever for a task that ignores its cancellation, so it is killed then. */
  async stop(): Promise<void> {
    await this.#app.stop(killAfterMs);
    await this.#front.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #answers(): Promise<boolean> {
    if (!this.#app.isRunning) throw new Error(`MiniStack ended:\n${this.log}`);
    return fetch(`${this.url}/_localstack/health`).then(
      ({ ok }) => ok,
      () => false,
    );
  }
}
