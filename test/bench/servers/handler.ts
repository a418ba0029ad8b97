import { type Profiler, Session } from 'node:inspector/promises';
import { pathToFileURL } from 'node:url';
import { answer } from '../measure/questions.ts';

type Handler = (event: unknown, context: object) => Promise<{ readonly statusCode: number }>;

const handler: Promise<Handler> = import(pathToFileURL(process.env['HANDLER'] ?? '').href).then(
  (module: { handler: Handler }) => module.handler,
);
/** The context of an event: Lambda tells a function how long it may take. */
const context = { getRemainingTimeInMillis: () => 28_000 };

/** Calls the handler a number of times, one event after another. Returns the CPU time of a call in microseconds. */
async function run({ event, count }: { event: unknown; count: number }): Promise<number> {
  const handle = await handler;
  const before = process.cpuUsage();
  for (let done = 0; done < count; done++) {
    const { statusCode } = await handle(event, context);
    if (statusCode !== 200) throw new Error(`The handler answered ${statusCode}.`);
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / count;
}

/** The same, under the profiler. */
async function profile(order: { event: unknown; count: number }): Promise<Profiler.Profile> {
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.setSamplingInterval', { interval: 100 });
  await session.post('Profiler.start');
  await run(order);
  const { profile } = await session.post('Profiler.stop');
  session.disconnect();
  return profile;
}

answer({
  run: (order) => run(order as Parameters<typeof run>[0]),
  profile: (order) => profile(order as Parameters<typeof run>[0]),
});
