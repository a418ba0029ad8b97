import { describe, expect, test } from 'vitest';
import { endSocket } from '../../../functions/gateway/end/end-socket.ts';
import type { Secrets } from '../../../functions/gateway/ports.ts';
import { closed } from '../../../functions/gateway/relay/closed.ts';
import { disconnect } from '../../../functions/gateway/relay/disconnect.ts';
import { answered } from '../../fakes/fake-app.ts';
import { type FakeWorld, fakeGateway } from '../../fakes/fake-gateway.ts';
import { onlyLetter } from '../../fakes/letters.ts';
import { sweepMinutes } from '../../fakes/sweep-minutes.ts';
import { WatchedRegistry } from '../../fakes/watched-registry.ts';

const day = 86_400_000;
const minute = 60_000;
const end = { code: 1001, reason: '' };

/** A world whose app is tried once a round, and a socket that has just ended in it. */
async function ended() {
  const world = fakeGateway({ policy: { retry: { attempts: 1, withinMs: 0 } } });
  const { socket } = await world.admit();
  await endSocket(world.gateway, socket, end);
  world.tasks.queued.splice(0);
  return { world, socket, at: world.clock.now() };
}

/** An app that is down until a moment; when it was tried. */
function downUntil({ app, clock }: FakeWorld, moment: number): number[] {
  const tries: number[] = [];
  app.post = async (request) => {
    tries.push(clock.now());
    if (clock.now() < moment) return answered(503);
    app.requests.push(request);
    return answered(204);
  };
  return tries;
}

describe('a closed hook that fails', () => {
  test.for([
    { chance: 0, share: 0.5 },
    { chance: 0.5, share: 0.75 },
    { chance: 1, share: 1 },
  ])(
    'is left alone for 1 minute, then twice as long each time, up to an hour (chance $chance)',
    async (given) => {
      const { world, socket } = await ended();
      world.clock.chance = given.chance;
      world.app.answers = Array.from({ length: 9 }, () => answered(503));
      const pauses: number[] = [];
      for (let round = 0; round < 9; round++) {
        await closed(world.gateway, socket);
        const pause = ((await world.registry.get(socket))?.leaseUntil ?? 0) - world.clock.now();
        pauses.push(pause / minute);
        await world.clock.advance(pause - 1);
        await closed(world.gateway, socket);
        expect(world.app.told).toHaveLength(round + 1);
        await world.clock.advance(1);
      }
      const whole = [1, 2, 4, 8, 16, 32, 60, 60, 60];
      expect(pauses).toEqual(whole.map((pause) => pause * given.share));
      expect(world.log.of('hook_postponed')).toHaveLength(9);
    },
  );

  test.for([
    { asked: '30', pause: 60_000 },
    { asked: '7200', pause: 7_200_000 },
    { asked: '86399', pause: day - 1_000 },
    { asked: '86401', pause: day },
  ])('is left alone for $pause ms when the app asks for $asked s', async ({ asked, pause }) => {
    const { world, socket, at } = await ended();
    world.clock.chance = 1;
    world.app.answers = [answered(429, { retryAfter: asked })];
    await closed(world.gateway, socket);
    expect((await world.registry.get(socket))?.leaseUntil).toBe(at + pause);
    await sweepMinutes(world, pause / minute - 2);
    expect(world.app.told).toHaveLength(1);
    await sweepMinutes(world, 3);
    expect(world.app.told).toHaveLength(2);
  });

  test.for([0, 0.37, 1])(
    'is tried again by later sweeps until the app is back (chance %d)',
    async (chance) => {
      const { world, socket, at } = await ended();
      world.clock.chance = chance;
      const tries = downUntil(world, at + 5 * 60 * minute);
      await sweepMinutes(world, 7 * 60);
      expect(world.app.told).toMatchObject([{ from: socket, code: '1001', time: String(at) }]);
      expect(tries.at(-1)).toBeLessThanOrEqual(at + 6 * 60 * minute + minute);
      expect(await world.registry.get(socket)).toBeUndefined();
    },
  );

  test.for([0, 0.37, 1])('for exactly a day is delivered, the app being back (chance %d)', async (chance) => {
    const { world, socket, at } = await ended();
    world.clock.chance = chance;
    const tries = downUntil(world, at + day);
    await sweepMinutes(world, 25 * 60);
    expect(world.app.told).toMatchObject([{ from: socket, code: '1001' }]);
    expect(tries.length).toBeGreaterThan(24);
    expect(tries.length).toBeLessThan(60);
    expect(await onlyLetter(world)).toBeUndefined();
  });

  test.for([0, 0.37, 1])(
    'for longer than a day is a dead letter, and that is logged once (chance %d)',
    async (chance) => {
      const { world, socket, at } = await ended();
      world.clock.chance = chance;
      const tries = downUntil(world, at + day + 3 * minute);
      await sweepMinutes(world, 26 * 60);
      expect(world.app.told).toEqual([]);
      const last = tries.at(-1) ?? 0;
      expect(last - at).toBeGreaterThanOrEqual(day);
      expect(last - at).toBeLessThanOrEqual(day + minute);
      const letter = await onlyLetter(world);
      expect(letter).toMatchObject({
        hook: { event: 'closed', id: `closed_${socket}`, code: '1001', time: at },
        attempts: tries.length,
        why: 'the app answered 503',
        diedAt: last,
      });
      expect(world.log.of('hook_dead')).toMatchObject([
        { level: 'error', fields: { request: `closed_${socket}`, hook: 'closed', letter: letter?.id } },
      ]);
      expect(world.log.of('hook_lost')).toEqual([]);
      expect(await world.registry.get(socket)).toBeUndefined();
    },
  );

  test.for([
    { up: day - 1, left: 1 },
    { up: day, left: undefined },
  ])(
    'has $left ms left $up ms after the start of a gateway that was down for its day',
    async ({ up, left }) => {
      const { world, socket } = await ended();
      await world.clock.advance(3 * day);
      world.app.answers = [answered(503)];
      await closed({ ...world.gateway, startedAt: world.clock.monotonic() - up }, socket);
      const leaseUntil = (await world.registry.get(socket))?.leaseUntil;
      expect(leaseUntil && leaseUntil - world.clock.now()).toBe(left);
    },
  );

  test('whose run has no time left is found a second later, and that was no attempt', async () => {
    const { world, socket, at } = await ended();
    await closed({ ...world.gateway, deadline: world.clock.monotonic() + 1_000 }, socket);
    expect(world.app.told).toEqual([]);
    expect(await world.registry.get(socket)).toMatchObject({ leaseUntil: at + 1_000, attempts: 0 });
  });

  test.for([
    { before: 30_000, left: 30_000 },
    { before: 1, left: 1 },
    { before: 0, left: undefined },
  ])('$before ms before the day is over has $left ms left', async ({ before, left }) => {
    const { world, socket, at } = await ended();
    await world.clock.advance(day - before);
    world.app.answers = [answered(503)];
    await closed(world.gateway, socket);
    const leaseUntil = (await world.registry.get(socket))?.leaseUntil;
    expect(leaseUntil).toBe(left === undefined ? undefined : at + day);
    expect(world.log.of('hook_dead')).toHaveLength(left === undefined ? 1 : 0);
    expect((await onlyLetter(world)) === undefined).toBe(left !== undefined);
  });

  test('is not tried in its pause by a task that comes twice', async () => {
    const { world, socket } = await ended();
    world.app.answers = [answered(503)];
    for (let copy = 0; copy < 5; copy++) await closed(world.gateway, socket);
    expect(world.app.told).toHaveLength(1);
  });
});

describe('a closed hook that can’t be signed, since the secret can’t be read,', () => {
  /** A socket that has just ended, in a world whose secret is read by this. */
  async function unsigned(signingKeys: Secrets['signingKeys']) {
    const { world, socket, at } = await ended();
    const gateway = { ...world.gateway, secrets: { ...world.gateway.secrets, signingKeys } };
    return { world: { ...world, gateway }, socket, at };
  }
  const away = async (): Promise<never> => {
    throw new Error('the secret is away');
  };

  test.for(['queued', 'hung up'])('is put off, and the fault is logged (%s)', async (how) => {
    const { world, socket } = await unsigned(away);
    const { gateway, registry, clock, log } = world;
    const { socket: other } = await world.admit();
    const told = how === 'queued' ? socket : other;
    await (how === 'queued' ? closed(gateway, told) : disconnect(gateway, told, end));
    const { status, leaseUntil = 0 } = (await registry.get(told)) ?? {};
    expect([status, leaseUntil - clock.now()]).toEqual(['closing', 45_000]);
    const fields = { request: `closed_${told}`, why: 'Error: the secret is away' };
    expect(log.of('fault')).toMatchObject([{ level: 'error', fields }]);
    expect(log.of('hook_postponed')).toMatchObject([{ fields: { ...fields, hook: 'closed' } }]);
  });

  test('is tried ever more seldom, and a dead letter after a day', async () => {
    let reads = 0;
    const { world, socket } = await unsigned(() => {
      reads += 1;
      return away();
    });
    await sweepMinutes(world, 23 * 60);
    expect(reads).toBeGreaterThan(20);
    expect(reads).toBeLessThan(60);
    expect(world.log.of('hook_dead')).toEqual([]);
    await sweepMinutes(world, 3 * 60);
    expect(world.log.of('hook_dead')).toMatchObject([{ fields: { request: `closed_${socket}` } }]);
    expect(await onlyLetter(world)).toMatchObject({ why: 'Error: the secret is away', attempts: reads });
    expect(await world.registry.get(socket)).toBeUndefined();
  });

  test('is told when the secret can be read again', async () => {
    let isAway = true;
    const { signingKeys } = fakeGateway().gateway.secrets;
    const { world, socket, at } = await unsigned(() => (isAway ? away() : signingKeys()));
    await sweepMinutes(world, 5 * 60);
    isAway = false;
    await sweepMinutes(world, 2 * 60);
    expect(world.app.told).toMatchObject([{ from: socket, code: '1001', time: String(at) }]);
    expect(await world.registry.get(socket)).toBeUndefined();
  });

  test('is the caller’s fault when it can’t even be put off', async () => {
    const { world, socket } = await unsigned(away);
    const registry = new WatchedRegistry(world.registry, (call) => {
      if (call === 'postpone') throw new Error('the table is away');
    });
    await expect(closed({ ...world.gateway, registry }, socket)).rejects.toThrow('the table is away');
  });
});
