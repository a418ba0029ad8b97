import { parentPort, workerData } from 'node:worker_threads';

/** One run of a function, and how many milliseconds it may take. */
export interface Run {
  readonly id: number;
  readonly event: unknown;
  readonly timeoutMs: number;
}

/** What came of a run. */
export type Ran =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly error: string };

/** The runtime of a Lambda, in a thread: loads a bundled handler, and runs it for each event that comes. */
const { handler: name }: { readonly handler: string } = workerData;
const { handler }: { handler: (event: unknown, context: object) => Promise<unknown> } = await import(name);

parentPort?.on('message', ({ id, event, timeoutMs }: Run) => {
  const end = Date.now() + timeoutMs;
  const tell = (ran: Ran): void => parentPort?.postMessage(ran);
  handler(event, { getRemainingTimeInMillis: () => end - Date.now() }).then(
    (value) => tell({ id, value }),
    (error: unknown) => tell({ id, error: String(error) }),
  );
});
