import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { Cloud, type Opened } from './cloud.ts';

let cloud: Cloud;
/** The tasks of each event that the function of the queue was given. */
let events: string[][] = [];
beforeAll(async () => {
  cloud = await Cloud.start();
  const { tasks: deliver } = cloud.handlers;
  cloud.handlers.tasks = (event) => {
    events.push(bodiesOf(event));
    return deliver(event);
  };
});
afterEach(() => {
  cloud.wires.meddler = {};
  events = [];
});
afterAll(() => cloud.stop());

const bodiesOf = (event: unknown): string[] =>
  (event as { Records: { body: string }[] }).Records.map(({ body }) => body);
const told = ({ path }: Opened): unknown[] =>
  cloud.app.of(path, 'closed').map(({ fields }) => fields['code']);

/** So many sockets that the app has closed, and whose ends wait in the queue to be told. */
async function ended(count: number): Promise<Opened[]> {
  cloud.queue.hold();
  const sockets = await Promise.all(Array.from({ length: count }, () => cloud.open()));
  for (const { from } of sockets) await cloud.api.call('DELETE', `/sockets/${encodeURIComponent(from)}`);
  return sockets;
}

async function release(): Promise<void> {
  cloud.queue.release();
  await cloud.settled();
}

describe('a batch of the queue', () => {
  test('holds what waits, ten tasks at most', async () => {
    const sockets = await ended(12);
    await release();
    expect(events.map(({ length }) => length)).toEqual([10, 2]);
    expect(sockets.map(told)).toEqual(sockets.map(() => ['1000']));
  });

  test('with one task that fails has the others done, and that one alone comes again', async () => {
    const sockets = await ended(4);
    const [, unlucky] = sockets.map(({ from }) => from);
    if (unlucky === undefined) throw new Error('There is no socket.');
    cloud.wires.meddler = {
      before: ({ service, body }) => {
        const json = { __type: 'com.amazon.coral.service#AccessDeniedException', message: 'No.' };
        return service === 'dynamodb' && body.includes(unlucky) ? { status: 400, json } : undefined;
      },
    };
    await release();
    expect(sockets.map(told)).toEqual([['1000'], [], ['1000'], ['1000']]);
    cloud.wires.meddler = {};
    events = [];
    await cloud.pass(360_000);
    await cloud.settled();
    expect(events.map((bodies) => bodies.map((body) => JSON.parse(body)))).toEqual([
      [{ kind: 'closed', socket: unlucky }],
    ]);
    expect(sockets.map(told)).toEqual(sockets.map(() => ['1000']));
    expect(await cloud.items()).toEqual([]);
  });

  test('whose function dies comes again as a whole', async () => {
    const sockets = await ended(3);
    let begun = 0;
    let die: (death: Promise<void>) => void = () => {};
    const died = new Promise<void>((resolve) => {
      die = resolve;
    });
    cloud.wires.meddler = {
      // It dies when the first write of each task has its effect, so that nothing is on its way any more.
      after: async ({ service }) => {
        if (service !== 'dynamodb') return undefined;
        begun += 1;
        if (begun === sockets.length) die(cloud.lambdas.tasks.kill());
        await died;
        return 'cut';
      },
    };
    await release();
    cloud.wires.meddler = {};
    await cloud.pass(360_000);
    await cloud.settled();
    expect(events.map(({ length }) => length)).toEqual([3, 3]);
    expect(sockets.map(told)).toEqual(sockets.map(() => ['1000']));
  });
});
