import { Worker } from 'node:worker_threads';

/** Answers everything with 200; hangs up on everybody when it is told to, and says on how many. */
const program = `
  const { createServer } = require('node:http');
  const { parentPort, workerData } = require('node:worker_threads');
  const hungUp = new Int32Array(workerData);
  const open = new Set();
  let count = 0;
  const server = createServer((request, response) => {
    request.resume().on('end', () => response.writeHead(200, { 'content-length': 0 }).end());
  });
  server.keepAliveTimeout = 0;
  server.on('connection', (connection) => {
    open.add(connection);
    connection.on('close', () => {
      open.delete(connection);
      if (open.size > 0) return;
      Atomics.store(hungUp, 0, count);
      Atomics.notify(hungUp, 0);
    });
  });
  parentPort.on('message', () => {
    count = open.size;
    server.closeAllConnections();
  });
  server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));
`;

/** A server in a thread of its own, which can hang up on us while we are frozen. */
export class HangUpServer {
  readonly origin: string;
  readonly #worker: Worker;
  readonly #hungUp: Int32Array;

  private constructor(origin: string, worker: Worker, hungUp: Int32Array) {
    this.origin = origin;
    this.#worker = worker;
    this.#hungUp = hungUp;
  }

  static async start(): Promise<HangUpServer> {
    const memory = new SharedArrayBuffer(4);
    const worker = new Worker(program, { eval: true, workerData: memory });
    const port = await new Promise<number>((resolve) => worker.once('message', resolve));
    return new HangUpServer(`http://127.0.0.1:${port}`, worker, new Int32Array(memory));
  }

  /**
   * Hangs up on every connection, and freezes this thread until that is done, as Lambda does with a function: nothing
   * is heard of it before the next request is on its way. On how many it was.
   */
  hangUp(): number {
    Atomics.store(this.#hungUp, 0, 0);
    this.#worker.postMessage('hang up');
    Atomics.wait(this.#hungUp, 0, 0, 10_000);
    return Atomics.load(this.#hungUp, 0);
  }

  async stop(): Promise<void> {
    await this.#worker.terminate();
  }
}
