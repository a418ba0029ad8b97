import { describe, expect, test } from 'vitest';
import { idempotent } from '../../../functions/gateway/api/idempotent.ts';
import type { Idempotency } from '../../../functions/gateway/idempotency.ts';
import { MemoryBroadcasts } from '../../../functions/local/memory-broadcasts.ts';
import { MemoryIdempotency } from '../../../functions/local/memory-idempotency.ts';
import { newSocket } from '../../fakes/a-record.ts';
import { type FakeWorld, fakeGateway } from '../../fakes/fake-gateway.ts';
import { callBroadcast, callSend, keyedRequest, read } from '../../fakes/keyed-call.ts';
import { arrivals, runBroadcasts } from '../../fakes/run-broadcast.ts';

const key = 'order-17';
const dayMs = 86_400_000;

async function worldOf(count: number) {
  const world = fakeGateway();
  const sockets = [];
  for (let at = 0; at < count; at++) sockets.push((await world.admit()).socket);
  return { world, sockets };
}

/** The same world with another store of keys. */
function keptBy(world: FakeWorld, change: Partial<Idempotency>): FakeWorld['gateway'] {
  const { idempotency } = world.gateway;
  const kept: Idempotency = {
    claim: (call, print, forMs) => idempotency.claim(call, print, forMs),
    progress: (claim, outcomes) => idempotency.progress(claim, outcomes),
    suspend: (claim, outcomes) => idempotency.suspend(claim, outcomes),
    answer: (claim, answer) => idempotency.answer(claim, answer),
    release: (claim) => idempotency.release(claim),
    ...change,
  };
  return { ...world.gateway, idempotency: kept };
}

const fails = (): Promise<never> => Promise.reject(new Error('the store is down'));

describe('a call whose answer can’t be kept', () => {
  test('is answered, and a repeat is answered at once, without a second post', async () => {
    const { world, sockets } = await worldOf(3);
    const document = { sockets, body: 'hello' };
    const first = await callSend(keptBy(world, { answer: fails }), document, { key });
    expect(read(first)).toMatchObject({ status: 200, json: { delivered: 3 } });
    expect(world.log.of('fault')).toHaveLength(1);
    const repeat = read(await callSend(world.gateway, document, { key }));
    expect(repeat).toMatchObject({ status: 200, json: { delivered: 3 } });
    expect([...arrivals(world).values()]).toEqual([1, 1, 1]);
  });

  test('and neither can its outcomes is answered all the same', async () => {
    const { world, sockets } = await worldOf(1);
    const gateway = keptBy(world, { answer: fails, suspend: fails });
    const first = await callSend(gateway, { sockets, body: 'hello' }, { key });
    expect([first.status, world.log.of('fault').length]).toEqual([200, 2]);
  });

  test('since its answer was lost has it kept', async () => {
    const { world, sockets } = await worldOf(1);
    const gateway = keptBy(world, {
      answer: async (claim, answer) => {
        await world.gateway.idempotency.answer(claim, answer);
        throw new Error('No answer in time.');
      },
    });
    await callSend(gateway, { sockets, body: 'hello' }, { key });
    const repeat = read(await callSend(world.gateway, { sockets, body: 'hello' }, { key }));
    expect(repeat).toMatchObject({ status: 200, isReplayed: true });
  });
});

describe('a call without an idempotency key', () => {
  test('is done each time, and asks nothing of the store of keys', async () => {
    const { world, sockets } = await worldOf(2);
    const gateway = keptBy(world, { claim: fails, progress: fails, answer: fails, release: fails });
    for (let time = 1; time <= 2; time++) {
      expect((await callSend(gateway, { sockets, body: 'send' })).status).toBe(200);
      expect((await callBroadcast(gateway, { body: 'broadcast' })).status).toBe(200);
    }
    expect(world.connections.of(sockets[0]!)).toEqual(['send', 'broadcast', 'send', 'broadcast']);
  });
});

describe('a call with an idempotency key', () => {
  test('is done once, and a repeat gets the first answer', async () => {
    const { world, sockets } = await worldOf(2);
    const gone = newSocket();
    const document = { sockets: [...sockets, gone, 'no id'], body: 'hello' };
    const first = read(await callSend(world.gateway, document, { key }));
    const counts = { delivered: 2, queued: 0, gone: ['no id', gone], failed: [] };
    expect(first).toMatchObject({ status: 200, json: counts, isReplayed: false });
    for (const quoted of [key, `"${key}"`]) {
      const repeat = read(await callSend(world.gateway, document, { key: quoted }));
      expect(repeat).toMatchObject({ status: 200, json: first.json, isReplayed: true });
      expect(repeat.headers['Content-Type']).toBe('application/json');
    }
    expect([...arrivals(world).values()]).toEqual([1, 1]);
  });

  test('to one socket is done once too', async () => {
    const { world, sockets } = await worldOf(1);
    const document = { sockets: sockets[0], body: 'hello' };
    for (const isReplayed of [false, true])
      expect(read(await callSend(world.gateway, document, { key }))).toMatchObject({
        json: { delivered: 1 },
        isReplayed,
      });
    expect([...arrivals(world).values()]).toEqual([1]);
  });

  test('that broadcasts is done once, though more sockets are open by then', async () => {
    const { world } = await worldOf(2);
    const first = read(await callBroadcast(world.gateway, { body: 'hello' }, { key }));
    expect(first.json).toEqual({ delivered: 2, queued: 0, gone: 0, failed: 0 });
    await world.admit();
    const repeat = read(await callBroadcast(world.gateway, { body: 'hello' }, { key }));
    expect(repeat).toMatchObject({ status: 200, json: first.json, isReplayed: true });
    expect([...arrivals(world).values()]).toEqual([1, 1]);
  });

  test('that broadcasts to 501 sockets is handed over once, and a repeat gets its place', async () => {
    const { world } = await worldOf(501);
    const first = read(await callBroadcast(world.gateway, { body: 'hello' }, { key }));
    expect(first).toMatchObject({ status: 202, isReplayed: false });
    expect(first.headers['Location']).toBe(`/broadcasts/${first.json['broadcast']}`);
    await runBroadcasts(world);
    const repeat = read(await callBroadcast(world.gateway, { body: 'hello' }, { key }));
    expect(repeat).toMatchObject({ status: 202, json: first.json, isReplayed: true });
    expect(repeat.headers['Location']).toBe(first.headers['Location']);
    await runBroadcasts(world);
    expect(new Set(arrivals(world).values())).toEqual(new Set([1]));
  });

  test('does not meet the same key of the other call', async () => {
    const { world, sockets } = await worldOf(1);
    const document = { body: 'hello' };
    expect((await callSend(world.gateway, { ...document, sockets }, { key })).status).toBe(200);
    expect(read(await callBroadcast(world.gateway, document, { key }))).toMatchObject({
      status: 200,
      isReplayed: false,
    });
    expect([...arrivals(world).values()]).toEqual([2]);
  });

  test('and other content is refused, also if only its form is another', async () => {
    const { world, sockets } = await worldOf(1);
    const [socket = ''] = sockets;
    const form = `sockets=${encodeURIComponent(socket)}&body=hello`;
    const json = JSON.stringify({ sockets: socket, body: 'hello' });
    await callSend(world.gateway, json, { key });
    const others = [
      [JSON.stringify({ sockets: socket, body: 'other' }), 'application/json'],
      [`${json} `, 'application/json'],
      [form, 'application/x-www-form-urlencoded'],
    ] as const;
    for (const [body, contentType] of others) {
      const { status, json } = read(await callSend(world.gateway, body, { key, contentType }));
      expect([status, json['code']]).toEqual([422, 'idempotency_key_reused']);
    }
    const same = await callSend(world.gateway, json, { key, contentType: 'Application/JSON; charset=utf-8' });
    expect(read(same)).toMatchObject({ status: 200, isReplayed: true });
    expect([...arrivals(world).values()]).toEqual([1]);
  });

  test('is new after a day, and a broadcast that was handed over is then another', async () => {
    const { world } = await worldOf(501);
    const ask = async () => read(await callBroadcast(world.gateway, { body: 'hello' }, { key }));
    const first = await ask();
    await runBroadcasts(world);
    await world.clock.advance(dayMs - 1);
    expect((await ask()).isReplayed, 'a moment before').toBe(true);
    await world.clock.advance(1);
    const next = await ask();
    expect(next).toMatchObject({ status: 202, isReplayed: false });
    expect(next.json['broadcast']).not.toBe(first.json['broadcast']);
    await runBroadcasts(world);
    expect(new Set(arrivals(world).values())).toEqual(new Set([2]));
  });

  test.for(['', 'x'.repeat(256), 'clé', '"x', 'a\nb'])('that is not allowed is refused, %j', async (bad) => {
    const { world, sockets } = await worldOf(1);
    for (const called of [
      await callSend(world.gateway, { sockets, body: 'hello' }, { key: bad }),
      await callBroadcast(world.gateway, { body: 'hello' }, { key: bad }),
    ]) {
      const { status, json } = read(called);
      expect(status).toBe(400);
      expect(json).toMatchObject({ code: 'invalid_field', field: 'Idempotency-Key', limit: 255 });
      expect(json['detail']).toMatch(/^The header "Idempotency-Key" must /);
    }
    expect(world.connections.arrived).toEqual([]);
  });

  test('can name ids that no socket can have, as long as the answer can be kept', async () => {
    const { world } = await worldOf(0);
    // As JSON, a list of one text has four characters more.
    const [most, tooLong] = [131_068, 131_069].map((length) => ({ sockets: '!'.repeat(length) }));
    const first = read(await callSend(world.gateway, { ...most, body: '' }, { key }));
    expect(first.status, 'at the limit').toBe(200);
    const repeat = read(await callSend(world.gateway, { ...most, body: '' }, { key }));
    expect(repeat).toMatchObject({ isReplayed: true, json: first.json });
    const refused = read(await callSend(world.gateway, { ...tooLong, body: '' }, { key: 'another' }));
    expect(refused).toMatchObject({ status: 400, json: { field: 'sockets', limit: 131_072 } });
    expect((await callSend(world.gateway, { ...tooLong, body: '' })).status, 'without a key').toBe(200);
  });
});

describe('a refusal', () => {
  test('of what the body says leaves the key free', async () => {
    const { world, sockets } = await worldOf(1);
    expect((await callSend(world.gateway, { sockets }, { key })).status).toBe(400);
    expect((await callSend(world.gateway, '{', { key })).status).toBe(400);
    expect((await callSend(world.gateway, 'x', { key, contentType: 'text/plain' })).status).toBe(415);
    expect((await callSend(world.gateway, { sockets, body: 'hello' }, { key })).status).toBe(200);
  });

  test('since too many broadcasts are running leaves the key free, for other content too', async () => {
    const { world } = await worldOf(501);
    const full = new MemoryBroadcasts(world.clock, { broadcasts: 0, bytes: 0 });
    const refused = await callBroadcast({ ...world.gateway, broadcasts: full }, { body: 'hello' }, { key });
    expect(refused.status).toBe(429);
    const next = read(await callBroadcast(world.gateway, { body: 'other' }, { key }));
    expect(next).toMatchObject({ status: 202, isReplayed: false });
  });

  test('of a call that was interrupted before keeps what was done then', async () => {
    const { world, sockets } = await worldOf(501);
    const [first] = sockets;
    const document = '{"body":"hello"}';
    const interrupted = idempotent(
      world.gateway,
      keyedRequest(document, { key }),
      'POST /broadcast',
      async (_, journal) => {
        journal?.settle('delivered', first!);
        throw new Error('a fault');
      },
    );
    await expect(interrupted).rejects.toThrow('a fault');
    const full = new MemoryBroadcasts(world.clock, { broadcasts: 0, bytes: 0 });
    await world.admit();
    expect((await callBroadcast({ ...world.gateway, broadcasts: full }, document, { key })).status).toBe(429);
    expect((await callBroadcast(world.gateway, document, { key })).status).toBe(202);
    await runBroadcasts(world);
    expect(arrivals(world).size).toBe(501);
    expect(arrivals(world).get(first!), 'whom the first run had reached').toBeUndefined();
  });

  test('since too many keys are kept says so, and does nothing', async () => {
    const { world, sockets } = await worldOf(1);
    const idempotency = new MemoryIdempotency(world.clock, { calls: 0, bytes: 1 });
    const call = await callSend({ ...world.gateway, idempotency }, { sockets, body: 'hello' }, { key });
    expect(read(call)).toMatchObject({ status: 429, json: { code: 'too_many_idempotency_keys' } });
    expect(world.connections.arrived).toEqual([]);
  });
});

describe('while a call is in progress', () => {
  test('a repeat gets 409 and is asked to wait, but never longer than the claim lasts', async () => {
    const { world, sockets } = await worldOf(1);
    const [socket] = sockets;
    let post: () => void = () => {};
    world.connections.script(
      socket!,
      () =>
        new Promise((resolve) => {
          post = () => resolve({ kind: 'posted' });
        }),
    );
    const document = { sockets, body: 'hello' };
    const first = callSend(world.gateway, document, { key });
    const repeat = async () => read(await callSend(world.gateway, document, { key }));
    await world.clock.advance(0);
    const inUse = { status: 409, json: { code: 'idempotency_key_in_use' } };
    expect(await repeat()).toMatchObject({ ...inUse, headers: { 'Retry-After': '5' } });
    await world.clock.advance(world.gateway.policy.leaseMs - 4_001);
    expect(await repeat()).toMatchObject({ ...inUse, headers: { 'Retry-After': '5' } });
    await world.clock.advance(1);
    expect(await repeat()).toMatchObject({ ...inUse, headers: { 'Retry-After': '4' } });
    await world.clock.advance(3_999);
    expect(await repeat()).toMatchObject({ ...inUse, headers: { 'Retry-After': '1' } });
    post();
    expect(read(await first)).toMatchObject({ status: 200, isReplayed: false });
    expect(await repeat()).toMatchObject({ status: 200, isReplayed: true });
    expect(arrivals(world).get(socket!)).toBe(1);
  });

  test('its outcomes are stored 200 ms after they came, those that came meanwhile with them', async () => {
    const { world, sockets } = await worldOf(5);
    const [, , , fourth, fifth] = sockets;
    const later = (ms: number) => async () => {
      await world.clock.sleep(ms);
      return { kind: 'posted' } as const;
    };
    world.connections.script(fourth!, later(300));
    world.connections.script(fifth!, later(2_000));
    const stored: [number, number][] = [];
    const began = world.clock.now();
    const gateway = keptBy(world, {
      progress: async (_, { size }) => void stored.push([world.clock.now() - began, size]),
    });
    const answer = await world.clock.until(callSend(gateway, { sockets, body: 'hello' }, { key }));
    expect(read(answer).json).toMatchObject({ delivered: 5 });
    expect(stored).toEqual([
      [200, 3],
      [500, 4],
    ]);
  });

  test('one write of outcomes is in progress at a time, and the answer waits for it', async () => {
    const { world, sockets } = await worldOf(2);
    const [, slow] = sockets;
    world.connections.script(slow!, async () => {
      await world.clock.sleep(250);
      return { kind: 'posted' };
    });
    const events: string[] = [];
    const gateway = keptBy(world, {
      progress: async () => {
        events.push('begins');
        await world.clock.sleep(1_000);
        events.push('ends');
      },
      answer: async () => void events.push('answer'),
    });
    await world.clock.until(callSend(gateway, { sockets, body: 'hello' }, { key }));
    await world.clock.advance(5_000);
    expect(events).toEqual(['begins', 'ends', 'answer']);
  });

  test('a call that is over within 200 ms stores none', async () => {
    const { world, sockets } = await worldOf(3);
    const gateway = keptBy(world, { progress: fails });
    await callSend(gateway, { sockets, body: 'hello' }, { key });
    await world.clock.advance(1_000);
    expect(world.log.of('progress_lost')).toEqual([]);
  });

  test('outcomes that can not be stored are no reason to end it, and the log says so', async () => {
    const { world, sockets } = await worldOf(2);
    world.connections.script(sockets[1]!, async () => {
      await world.clock.sleep(300);
      return { kind: 'posted' };
    });
    const gateway = keptBy(world, { progress: fails });
    const answer = await world.clock.until(callSend(gateway, { sockets, body: 'hello' }, { key }));
    expect(read(answer)).toMatchObject({ status: 200, json: { delivered: 2 } });
    const fields = { request: expect.stringMatching(/^req_/), why: 'Error: the store is down' };
    expect(world.log.of('progress_lost')).toMatchObject([{ level: 'warn', fields }]);
  });
});

describe('a call that fails', () => {
  test('gives up its claim and keeps its outcomes, and a repeat goes on at once with the rest', async () => {
    const { world, sockets } = await worldOf(3);
    const [first] = sockets;
    const request = keyedRequest('', { key });
    const failing = idempotent(world.gateway, request, 'POST /send', async (_, journal) => {
      journal?.settle('delivered', first!);
      throw new Error('a fault');
    });
    await expect(failing).rejects.toThrow('a fault');
    const resumed = idempotent(world.gateway, request, 'POST /send', async (_, journal) => {
      expect(journal).toMatchObject({ isResumed: true, outcomes: new Map([[first, 'delivered']]) });
      return { status: 200, headers: {}, body: '{}' };
    });
    expect((await resumed).status).toBe(200);
  });

  test('while it hands over a broadcast is handed over by its repeat, and everybody gets it once', async () => {
    const { world } = await worldOf(501);
    world.tasks.onQueue = () => Promise.reject(new Error('the queue is down'));
    const ask = () => callBroadcast(world.gateway, { body: 'hello' }, { key });
    await expect(ask()).rejects.toThrow('the queue is down');
    world.tasks.onQueue = () => {};
    expect(read(await ask())).toMatchObject({ status: 202, isReplayed: false });
    await runBroadcasts(world);
    expect(new Set(arrivals(world).values())).toEqual(new Set([1]));
  });

  test('and can not store its outcomes tells of its own fault, and logs the other', async () => {
    const { world } = await worldOf(501);
    world.tasks.onQueue = () => Promise.reject(new Error('the queue is down'));
    const gateway = keptBy(world, { suspend: fails });
    await expect(callBroadcast(gateway, { body: 'hello' }, { key })).rejects.toThrow('the queue is down');
    expect(world.log.of('fault')).toMatchObject([{ fields: { why: 'Error: the store is down' } }]);
  });

  test('before it did anything leaves the key to the same content', async () => {
    const { world, sockets } = await worldOf(1);
    const document = { sockets, body: 'hello' };
    const gateway = keptBy(world, { claim: fails });
    await expect(callSend(gateway, document, { key })).rejects.toThrow('the store is down');
    expect(world.connections.arrived).toEqual([]);
    expect(read(await callSend(world.gateway, document, { key }))).toMatchObject({ status: 200 });
  });

  test('only to store its answer tells its caller what it did, and the log why', async () => {
    const { world, sockets } = await worldOf(1);
    const gateway = keptBy(world, { answer: fails });
    const answer = read(await callSend(gateway, { sockets, body: 'hello' }, { key }));
    expect(answer).toMatchObject({ status: 200, json: { delivered: 1 } });
    expect(world.log.of('fault')).toMatchObject([{ level: 'error', fields: { why: expect.any(String) } }]);
  });
});
