import { describe, expect, test } from 'vitest';
import { Backlog, messageWeight } from '../../functions/local/backlog.ts';
import { LastingStore } from '../fakes/lasting-store.ts';
import { watchedSocketQueue } from '../fakes/watched-socket-queue.ts';
import { connect } from '../support/client.ts';
import { eventually } from '../support/eventually.ts';
import { startLocal } from '../support/local.ts';

/** An app whose message hooks at a path wait until they are let go. */
function gateAt(world: Awaited<ReturnType<typeof startLocal>>, path: string): () => void {
  let go: () => void = () => {};
  const gate = new Promise<void>((resolve) => {
    go = resolve;
  });
  world.app.on(path, async ({ fields }) => {
    if (fields['event'] === 'message') await gate;
    return 204;
  });
  return () => go();
}

describe('a backlog', () => {
  const message = (number: number) => ({ body: `m${number}`, time: number, weight: messageWeight(2) });

  test('gives its messages back in order, and knows what they take', () => {
    const backlog = new Backlog();
    let next = 0;
    let taken = 0;
    for (let round = 0; round < 5_000; round++) {
      for (let times = 0; times < 3; times++) backlog.push(message(next++));
      for (let times = 0; times < round % 5; times++) {
        if (backlog.count === 0) break;
        expect(backlog.shift()).toEqual(message(taken++));
      }
      expect(backlog.count).toBe(next - taken);
      expect(backlog.weight).toBe((next - taken) * messageWeight(2));
    }
    while (backlog.count > 0) expect(backlog.shift()).toEqual(message(taken++));
    expect([taken, backlog.weight, backlog.shift()]).toEqual([next, 0, undefined]);
  });

  test('that is cleared says how many there were', () => {
    const backlog = new Backlog();
    for (let number = 0; number < 3; number++) backlog.push(message(number));
    backlog.shift();
    expect([backlog.clear(), backlog.count, backlog.weight]).toEqual([2, 0, 0]);
  });
});

describe('a socket queue with messages', () => {
  const relayed: string[] = [];
  const owned = () => {
    const watched = watchedSocketQueue();
    relayed.length = 0;
    watched.queue.setConsumer({
      relay: async ({ body }) => void relayed.push(body),
      shrunk: () => {},
      failed: () => false,
      shed: () => void watched.told.push('shed'),
    });
    return watched;
  };
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

  test('does tasks and messages in the order in which they came', async () => {
    const { queue } = owned();
    const task = (name: string) => queue.push(async () => void relayed.push(name));
    task('flush');
    queue.receive('a', 1, 1);
    queue.receive('b', 1, 1);
    task('deliveries');
    queue.receive('c', 1, 1);
    task('closed');
    queue.release();
    await turn();
    expect(relayed).toEqual(['flush', 'a', 'b', 'deliveries', 'c', 'closed']);
  });

  test('weighs nothing when all is done', async () => {
    const { queue, weight } = owned();
    queue.receive('a', 1_000, 1);
    queue.receive('b', 10, 1);
    queue.addHeldBytes(70);
    expect(weight()).toBe(1_010 + 2 * 256 + 70);
    queue.addHeldBytes(-70);
    queue.release();
    await turn();
    expect([weight(), queue.weight, queue.waiting]).toEqual([0, 0, 0]);
  });

  test('whose messages were dropped does its tasks next', async () => {
    const { queue, weight } = owned();
    for (const body of ['a', 'b']) queue.receive(body, 1, 1);
    queue.push(async () => void relayed.push('closed'));
    expect(queue.drop()).toBe(2);
    queue.release();
    await turn();
    expect([relayed, weight()]).toEqual([['closed'], 0]);
  });

  test('hands the fault of a message to its client first, and tells of it if that is none of its business', async () => {
    const { queue, told } = watchedSocketQueue();
    const handed: string[] = [];
    queue.setConsumer({
      relay: ({ body }) => Promise.reject(new Error(body)),
      failed: (error) => handed.push(String(error)) === 1,
      ...{ shrunk: () => {}, shed: () => {} },
    });
    for (const body of ['first', 'second']) queue.receive(body, 1, 1);
    queue.push(async () => void told.push('after'));
    queue.release();
    await turn();
    expect(handed).toEqual(['Error: first', 'Error: second']);
    expect(told).toEqual(['fault: Error: second', 'after', 'idle']);
  });

  test('never hands the fault of a task to its client, whatever came before or behind it', async () => {
    const { queue, told } = watchedSocketQueue();
    const handed: string[] = [];
    queue.setConsumer({
      relay: ({ body }) => (body === 'fails' ? Promise.reject(new Error(body)) : Promise.resolve()),
      failed: (error) => handed.push(String(error)) > 0,
      ...{ shrunk: () => {}, shed: () => {} },
    });
    const task = (name: string) => queue.push(() => Promise.reject(new Error(name)));
    task('first');
    for (const body of ['fine', 'fails']) {
      queue.receive(body, 1, 1);
      task(`behind ${body}`);
    }
    queue.release();
    await turn();
    task('later');
    await turn();
    expect(handed).toEqual(['Error: fails']);
    expect(told).toEqual([
      ...['fault: Error: first', 'fault: Error: behind fine', 'fault: Error: behind fails', 'idle'],
      ...['fault: Error: later', 'idle'],
    ]);
  });

  test('that is kept elsewhere leaves in order, and takes nothing any more', () => {
    const { queue, told, weight } = watchedSocketQueue((blocked) => blocked.block());
    for (const body of ['one', 'two', 'three']) queue.receive(body, body.length, 1);
    queue.keepAll();
    expect(told).toEqual(['kept: one', 'kept: two', 'kept: three', 'idle']);
    expect([weight(), queue.waiting]).toEqual([0, 0]);
  });
});

test('when all clients together have too much waiting, the one with the most is closed with 1013, and loses nothing', async () => {
  const world = await startLocal({}, { allWaitingBytes: 140_000 });
  const go = gateAt(world, '/heavy');
  const goLight = gateAt(world, '/light');
  const [heavy, light] = await Promise.all(
    ['/heavy', '/light'].map((path) => connect(`${world.url}${path}`)),
  );
  const bodies = Array.from({ length: 5 }, (_, at) => `${at} ${'x'.repeat(1_000)}`);
  for (const body of bodies) for (const client of [light, heavy]) client?.send(body);
  await world.app.hook('/light', 'message');
  // A message that is begun and never ended.
  heavy?.ws.send('y'.repeat(131_000), { fin: false });
  expect(await heavy?.closed).toEqual({ code: 1013, reason: 'Try again later' });
  await light?.close();
  for (const open of [go, goLight]) open();
  expect((await world.app.hook('/heavy', 'closed')).fields).toMatchObject({ code: '1013' });
  await world.app.hook('/light', 'closed');
  for (const path of ['/heavy', '/light'])
    expect(
      world.app.of(path, 'message').map(({ fields }) => fields['body']),
      path,
    ).toEqual(bodies);
  expect(world.log.of('client_shed')).toMatchObject([{ level: 'warn', fields: { waiting: 4 } }]);
  expect(world.log.of('messages_lost')).toEqual([]);
  await world.stop();
});

test('just as much as all clients together may have waiting closes nobody', async () => {
  // One message under way counts twice, one waits.
  const all = 3 * messageWeight(1_000);
  for (const [allWaitingBytes, state] of [
    [all, 1],
    [all - 1, 3],
  ] as const) {
    const world = await startLocal({}, { allWaitingBytes });
    const go = gateAt(world, '/full');
    const client = await connect(`${world.url}/full`);
    client.send('x'.repeat(1_000));
    await world.app.hook('/full', 'message');
    client.send('y'.repeat(1_000));
    if (state === 3) await client.closed;
    client.ws.ping();
    if (state === 1) await new Promise((resolve) => client.ws.once('pong', resolve));
    expect(client.ws.readyState).toBe(state);
    go();
    await world.stop();
  }
});

test('what a client left behind is told in order, though from the store after a while, and then its end', async () => {
  const store = new LastingStore();
  const world = await startLocal({}, { goneMs: 100 }, { store });
  const go = gateAt(world, '/gone');
  const client = await connect(`${world.url}/gone`);
  const bodies = Array.from({ length: 50 }, (_, at) => `m${at}`);
  for (const body of bodies) client.send(body);
  await client.close();
  // And the record of the socket.
  await eventually('what waits is stored', () => store.records === 49 + 1);
  expect(world.app.of('/gone', 'message')).toHaveLength(1);
  go();
  await world.app.hook('/gone', 'closed');
  expect(world.app.of('/gone', 'message').map(({ fields }) => fields['body'])).toEqual(bodies);
  await eventually('nothing is left in the store', () => store.records === 0);
  expect(world.log.of('messages_lost')).toEqual([]);
  await world.stop();
});

test('large messages wait for others to be done where too much is under way, small ones do not', async () => {
  const world = await startLocal({ HOOK_TIMEOUT_MS: '20000' }, { allWaitingBytes: 800_000 });
  const go = gateAt(world, '/big');
  const goSmall = gateAt(world, '/small');
  goSmall();
  const clients = await Promise.all([1, 2, 3].map(() => connect(`${world.url}/big`)));
  for (const client of clients) client.send('x'.repeat(100_000));
  const small = await connect(`${world.url}/small`);
  small.send('not held up');
  await world.app.hook('/small', 'message');
  const told = () => world.app.of('/big', 'message').length;
  // They come over connections of their own.
  await eventually('two are told', () => told() >= 2);
  expect(told()).toBe(2);
  go();
  await eventually('the third is told', () => told() === 3);
  await world.stop();
});

test('while much waits of all clients, each is held back sooner, and nobody is closed', async () => {
  const world = await startLocal({}, { allWaitingBytes: 3_000_000, waitingBytes: 400_000 });
  const go = gateAt(world, '/many');
  const clients = await Promise.all(Array.from({ length: 20 }, () => connect(`${world.url}/many`)));
  for (let at = 0; at < 300; at++) for (const client of clients) client.send(`${at} ${'x'.repeat(1_000)}`);
  await world.app.hook('/many', 'message');
  go();
  await eventually('all is told', () => world.app.of('/many', 'message').length === 6_000);
  expect(clients.map((client) => client.ws.readyState)).toEqual(clients.map(() => 1));
  expect(world.log.of('messages_lost')).toEqual([]);
  await world.stop();
});

test('messages behind one that closes its socket are lost with it, and the log says how many', async () => {
  const world = await startLocal({ MESSAGE_FAILURE: 'close' });
  let refuse: (status: number) => void = () => {};
  const refused = new Promise<number>((resolve) => {
    refuse = resolve;
  });
  world.app.on('/bad', ({ fields }) => (fields['event'] === 'message' ? refused : 204));
  const client = await connect(`${world.url}/bad`);
  for (let at = 0; at < 3; at++) client.send(`m${at}`);
  client.ws.ping();
  await new Promise((resolve) => client.ws.once('pong', resolve));
  refuse(400);
  expect(await client.closed).toEqual({ code: 1011, reason: 'The app failed' });
  await world.app.hook('/bad', 'closed');
  const told = world.app.of('/bad', 'message').length;
  const lost = world.log.of('messages_lost').map(({ fields }) => [fields['count'], fields['why']]);
  expect([told, lost]).toEqual([1, [[2, 'The app failed']]]);
  await world.stop();
});

test('a client is read, and its pings are answered, until its backlog is full, and again when half is done', async () => {
  const full = 10 * messageWeight(100);
  const world = await startLocal({}, { waitingBytes: full });
  const answers: (() => void)[] = [];
  world.app.on('/full', async ({ fields }) => {
    if (fields['event'] === 'message') await new Promise<void>((resolve) => answers.push(resolve));
    return 204;
  });
  const client = await connect(`${world.url}/full`);
  const other = await connect(`${world.url}/other`);
  const pongs: string[] = [];
  client.ws.on('pong', (payload) => pongs.push(payload.toString()));
  // One is under way, and nine wait.
  for (let at = 0; at < 10; at++) client.send('x'.repeat(100));
  client.ws.ping('almost full');
  await eventually('a pong', () => pongs.length === 1);
  client.send('x'.repeat(100));
  client.ws.ping('full');
  for (let round = 0; round < 3; round++) {
    other.ws.ping();
    await new Promise((resolve) => other.ws.once('pong', resolve));
  }
  expect(pongs, 'with a full backlog').toEqual(['almost full']);
  for (let done = 1; done <= 6; done++) {
    await eventually('a hook', () => answers.length > 0);
    if (done <= 5) expect(pongs, `when ${done} more are under way`).toEqual(['almost full']);
    answers.shift()?.();
  }
  await eventually('the other pong', () => pongs.length === 2);
  world.app.on('/full', () => 204);
  for (const answer of answers) answer();
  await world.stop();
});
