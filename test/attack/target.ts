import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { portOf } from '../contract/ports/port-of.ts';
import { programOf } from '../support/program.ts';
import { upgradeRequest } from '../support/raw.ts';
import { runtime } from '../support/runtime.ts';

const actionsType = 'application/vnd.sockethook+json';

/** Whether the app is still silent at `/silent`, and how many messages the gateway's log says are lost. */
interface Course {
  isSilent: boolean;
  lost: number;
}

/** A gateway as `npm start` runs it, in a process of its own, to be attacked; and its app, which keeps nothing. */
export class Target {
  readonly port: number;
  readonly #child: ChildProcess;
  readonly #app: Server;
  #maxMemory = 0;
  readonly #watch: NodeJS.Timeout;
  readonly #seen: Course;

  private constructor(child: ChildProcess, app: Server, seen: Course, port: number) {
    this.#child = child;
    this.#app = app;
    this.#seen = seen;
    this.port = port;
    this.#watch = setInterval(() => {
      this.#maxMemory = Math.max(this.#maxMemory, this.memory);
    }, 50);
  }

  /** The app lets everybody in, after so many milliseconds at `/slow`; answers no message at `/silent`, and echoes others. */
  static async start(slowMs = 0, environment: Readonly<Record<string, string>> = {}): Promise<Target> {
    const seen: Course = { isSilent: true, lost: 0 };
    const app = createServer((request, response) => {
      const { url = '' } = request;
      let body = '';
      request.on('data', (chunk: Buffer) => {
        if (!url.endsWith('/silent')) body += chunk.toString('latin1');
      });
      request.on('end', () => {
        if (url.includes('/message/silent')) {
          if (!seen.isSilent) response.writeHead(204).end();
          return;
        }
        const isEcho = url.includes('/message/');
        const answer = isEcho ? JSON.stringify({ reply: new URLSearchParams(body).get('body') }) : '';
        const send = (): unknown =>
          response
            .writeHead(200, { 'Content-Type': actionsType, 'Content-Length': Buffer.byteLength(answer) })
            .end(answer);
        if (url.includes('/handshake/slow')) setTimeout(send, slowMs);
        else send();
      });
    });
    await new Promise<void>((resolve) => app.listen(0, '127.0.0.1', resolve));
    const child = spawn(runtime, [await programOf('infra/local/start.ts')], {
      env: {
        ...{ PATH: process.env['PATH'], PORT: '0' },
        WEBHOOK_BASE_URL: `http://127.0.0.1:${portOf(app)}`,
        SOCKETHOOK_DIR: mkdtempSync(join(tmpdir(), 'sockethook-')),
        ...environment,
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const port = await new Promise<number>((resolve) => {
      createInterface({ input: child.stdout }).on('line', (line) => {
        const { event, webSocket, count } = JSON.parse(line);
        if (event === 'started') resolve(Number(new URL(webSocket).port));
        if (event === 'messages_lost') seen.lost += count;
      });
    });
    return new Target(child, app, seen, port);
  }

  /** The process id of the gateway. */
  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Resident, in MB. */
  get memory(): number {
    const status = readFileSync(`/proc/${this.#child.pid}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) / 1_000;
  }

  /** The most that it was since the start, in MB. */
  get maxMemory(): number {
    return Math.max(this.#maxMemory, this.memory);
  }

  /** How many descriptors it has open. */
  get descriptors(): number {
    return readdirSync(`/proc/${this.#child.pid}/fd`).length;
  }

  /** From now on the app answers at `/silent` too. */
  endSilence(): void {
    this.#seen.isSilent = false;
  }

  /** How many messages the gateway's log says are lost. */
  get lost(): number {
    return this.#seen.lost;
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** A connection over TCP whose client has asked for a WebSocket, and whatever else; nothing is awaited. */
  startUpgrade(path: string): Socket {
    const socket = connect(this.port, '127.0.0.1');
    socket.on('error', () => {});
    socket.write(upgradeRequest(path));
    return socket;
  }

  /** The same, once it is in. */
  async enter(path: string): Promise<Socket> {
    const socket = this.startUpgrade(path);
    await new Promise<void>((resolve, reject) => {
      socket.once('data', (bytes: Buffer) =>
        bytes.toString('latin1').startsWith('HTTP/1.1 101') ? resolve() : reject(new Error(String(bytes))),
      );
      socket.once('close', () => reject(new Error('The connection was closed.')));
    });
    return socket;
  }

  async stop(): Promise<void> {
    clearInterval(this.#watch);
    this.#child.kill('SIGKILL');
    this.#app.closeAllConnections();
    await new Promise((resolve) => this.#app.close(resolve));
  }
}

/** Waits until something is so, looking now and then; how it was in the end. */
export async function settled(isSo: () => boolean, withinMs: number): Promise<boolean> {
  const until = performance.now() + withinMs;
  while (!isSo() && performance.now() < until) await sleep(20);
  return isSo();
}
