import { describe, expect, test } from 'vitest';
import type { ApiResponse } from '../../../functions/gateway/api/call.ts';
import type { Gateway } from '../../../functions/gateway/gateway.ts';
import type { Idempotency } from '../../../functions/gateway/idempotency.ts';
import type { SocketId } from '../../../functions/wire/socket-id.ts';
import { type FakeWorld, fakeGateway } from '../../fakes/fake-gateway.ts';
import { callBroadcast, callSend, read } from '../../fakes/keyed-call.ts';
import { type Death, everyDeath, mortally } from '../../fakes/mortal.ts';
import { arrivals, runBroadcasts } from '../../fakes/run-broadcast.ts';

const key = 'order-17';

interface Place {
  readonly world: FakeWorld;
  readonly sockets: readonly SocketId[];
  /** The sockets whose outcomes were stored while a call ran. */
  readonly stored: Set<SocketId>;
}

async function placeOf(count: number): Promise<Place> {
  const fakes = fakeGateway();
  const sockets: SocketId[] = [];
  for (let at = 0; at < count; at++) sockets.push((await fakes.admit()).socket);
  const stored = new Set<SocketId>();
  const { idempotency } = fakes.gateway;
  const watched: Idempotency = {
    claim: (call, print, forMs) => idempotency.claim(call, print, forMs),
    suspend: (claim, outcomes) => idempotency.suspend(claim, outcomes),
    answer: (claim, answer) => idempotency.answer(claim, answer),
    release: (claim) => idempotency.release(claim),
    progress: async (claim, outcomes) => {
      await idempotency.progress(claim, outcomes);
      for (const socket of outcomes.keys()) stored.add(socket);
    },
  };
  return { world: { ...fakes, gateway: { ...fakes.gateway, idempotency: watched } }, sockets, stored };
}

type Ask = (gateway: Gateway) => Promise<ApiResponse>;

/** A call in a process that dies, and its repeats: while the claim of the dead lasts, when it has ended, and once more. */
async function askUntilAnswered({ world, stored }: Place, ask: Ask, death: Death, between = async () => {}) {
  const { gateway, clock } = world;
  const fate = await clock.until(mortally(gateway, death, ask));
  const storedByDead = new Set(stored);
  await between();
  // An answer that its caller never got is there at once. Else the dead still has its claim, if it got it.
  if (fate.kind === 'died') await clock.until(ask(gateway));
  await clock.advance(gateway.policy.leaseMs);
  const answer = read(await clock.until(ask(gateway)));
  await runBroadcasts(world);
  const again = read(await clock.until(ask(gateway)));
  expect(again, JSON.stringify(fate)).toMatchObject({ json: answer.json, isReplayed: true });
  await runBroadcasts(world);
  return { fate, answer, storedByDead };
}

/** Everybody has the message, and nobody whose outcome was stored has it twice. */
function expectArrived(
  { world, sockets }: Place,
  { fate, storedByDead }: Awaited<ReturnType<typeof askUntilAnswered>>,
): void {
  const why = JSON.stringify(fate);
  const seen = arrivals(world);
  expect(
    sockets.filter((socket) => !seen.has(socket)),
    `missing after ${why}`,
  ).toEqual([]);
  const twice = [...seen].filter(([, count]) => count > 1).map(([socket]) => socket);
  expect(
    twice.filter((socket) => fate.kind === 'survived' || storedByDead.has(socket)),
    `twice after ${why}`,
  ).toEqual([]);
}

/** The last socket is throttled for a second, so that the outcomes of the others are stored before it has one. */
function slow({ world, sockets }: Place): void {
  world.connections.script(sockets.at(-1)!, (attempt) => ({ kind: attempt < 6 ? 'throttled' : 'posted' }));
}

describe('a keyed call whose process dies at any call to the world', () => {
  test.for(['send', 'broadcast'] as const)('is done by its repeat, and counts all: %s', async (call) => {
    const deaths = await everyDeath(async (death) => {
      const place = await placeOf(3);
      slow(place);
      const { sockets } = place;
      const ask: Ask = (gateway) =>
        call === 'send'
          ? callSend(gateway, { sockets, body: 'hello' }, { key })
          : callBroadcast(gateway, { body: 'hello' }, { key });
      const asked = await askUntilAnswered(place, ask, death);
      const { fate, answer } = asked;
      const why = JSON.stringify(fate);
      const none = call === 'send' ? { gone: [], failed: [] } : { gone: 0, failed: 0 };
      expect(answer, why).toMatchObject({ status: 200, json: { delivered: 3, queued: 0, ...none } });
      expectArrived(place, asked);
      return fate;
    });
    expect(deaths).toEqual(
      expect.arrayContaining([
        'before claim call',
        'after claim call',
        'after post hello',
        'before progress of call',
        'after progress of call',
        'before answer',
        'after answer',
      ]),
    );
  });

  test('twice is done by the third run, which leaves out whom the first has reached', async () => {
    const place = await placeOf(3);
    slow(place);
    const { world, sockets, stored } = place;
    const { clock, gateway } = world;
    const ask: Ask = (mortal) => callSend(mortal, { sockets, body: 'hello' }, { key });
    for (let run = 1; run <= 2; run++) {
      const isDead = { ...gateway.idempotency, answer: () => new Promise<never>(() => {}) };
      void ask({ ...gateway, idempotency: isDead });
      await clock.advance(gateway.policy.leaseMs);
    }
    expect(stored.size).toBeGreaterThanOrEqual(2);
    const answer = read(await clock.until(ask(gateway)));
    expect(answer).toMatchObject({ status: 200, isReplayed: false, json: { delivered: 3 } });
    expect(sockets.slice(0, 2).map((socket) => arrivals(world).get(socket))).toEqual([1, 1]);
  });

  test('is handed over once if it is large, whoever leaves meanwhile', async () => {
    for (const leaving of [0, 2]) {
      const deaths = await everyDeath(async (death) => {
        const place = await placeOf(501);
        const { world, sockets } = place;
        const ask: Ask = (gateway) => callBroadcast(gateway, { body: 'hello' }, { key });
        const { fate } = await askUntilAnswered(place, ask, death, async () => {
          for (const socket of sockets.slice(0, leaving)) await world.registry.remove(socket);
        });
        const why = JSON.stringify(fate);
        const seen = arrivals(world);
        expect(new Set(sockets.slice(leaving).map((socket) => seen.get(socket))), why).toEqual(new Set([1]));
        return fate;
      });
      expect(deaths).toEqual(expect.arrayContaining(['after create', 'before queue segment']));
    }
  });

  test('and that has become large leaves out whom it has reached', async () => {
    let handedOver = 0;
    await everyDeath(async (death) => {
      const place = await placeOf(3);
      slow(place);
      const { world } = place;
      const later: SocketId[] = [];
      const ask: Ask = (gateway) => callBroadcast(gateway, { body: 'hello' }, { key });
      const asked = await askUntilAnswered(place, ask, death, async () => {
        for (let at = 0; at < 501; at++) later.push((await world.admit()).socket);
      });
      const { fate, answer } = asked;
      const why = JSON.stringify(fate);
      expectArrived(place, asked);
      const seen = arrivals(world);
      if (answer.status === 202) handedOver += 1;
      const times = answer.status === 202 ? 1 : undefined;
      expect(new Set(later.map((socket) => seen.get(socket))), why).toEqual(new Set([times]));
      return fate;
    });
    expect(handedOver).toBeGreaterThan(0);
  });
});
