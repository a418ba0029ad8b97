import { parentPort, workerData } from 'node:worker_threads';

/** One run of a function, and how many milliseconds it may take. */
export interface Run {
  readonly id: number;
  readonly event: unknown;
  readonly timeoutMs: number;
}

/** So many milliseconds go by while the function is frozen. */
export interface Freeze {
  readonly frozenMs: number;
}

/** What came of a run. */
export type Ran =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly error: string };

/** The runtime of a Lambda, in a thread: loads a bundled handler, and runs it for each event that comes. */
const { handler: name }: { readonly handler: string } = workerData;
const { handler }: { handler: (event: unknown, context: object) => Promise<unknown> } = await import(name);

let frozen = 0;
const running = performance.now.bind(performance);
performance.now = () => running() + frozen;

parentPort?.on('message', (message: Run | Freeze) => {
  if ('frozenMs' in message) frozen += message.frozenMs;
  else run(message);
});

function run({ id, event, timeoutMs }: Run): void {
  const end = Date.now() + timeoutMs;
  const tell = (ran: Ran): void => parentPort?.postMessage(ran);
  handler(event, { getRemainingTimeInMillis: () => end - Date.now() }).then(
    (value) => tell({ id, value }),
    (error: unknown) => tell({ id, error: String(error) }),
  );
}
