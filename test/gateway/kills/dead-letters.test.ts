import { describe, expect, test } from 'vitest';
import { route } from '../../../functions/gateway/api/route.ts';
import { endSocket } from '../../../functions/gateway/end/end-socket.ts';
import type { Gateway } from '../../../functions/gateway/gateway.ts';
import { disconnect } from '../../../functions/gateway/relay/disconnect.ts';
import { message } from '../../../functions/gateway/relay/message.ts';
import { runTask } from '../../../functions/gateway/run-task.ts';
import type { Task } from '../../../functions/gateway/tasks.ts';
import type { AppResponse } from '../../../functions/wire/answer.ts';
import { ok } from '../../../functions/wire/result.ts';
import { deployedWorld } from '../../fakes/deployed-world.ts';
import { acting, answered } from '../../fakes/fake-app.ts';
import type { FakeWorld } from '../../fakes/fake-gateway.ts';
import { lettersOf, onlyLetter } from '../../fakes/letters.ts';
import { everyDeath, mortally } from '../../fakes/mortal.ts';
import { sweepMinutes, work } from '../../fakes/sweep-minutes.ts';

const end = { code: 1001, reason: '' };
const day = 86_400_000;

/** A world whose app answers every hook with this, and a socket in it. */
async function answering(answer: AppResponse) {
  const world = deployedWorld();
  const { socket } = await world.admit();
  world.app.onPost = () => {
    world.app.answers = [answer];
  };
  return { world, socket };
}

describe('a gateway that dies while it gives up a closed hook', () => {
  const ways: Record<string, { answer: AppResponse; after: number }> = {
    'that the app refuses': { answer: answered(400), after: 0 },
    'that could not be posted for a day': { answer: answered(503), after: day },
  };

  test.for(Object.entries(ways))(
    '%s leaves its record or its letter, and one letter in the end',
    async ([, way]) => {
      const deaths = await everyDeath(async (death) => {
        const { world, socket } = await answering(way.answer);
        await endSocket(world.gateway, socket, end);
        world.tasks.queued.splice(0);
        await world.clock.advance(way.after);
        const fate = await world.clock.until(
          mortally(world.gateway, death, (mortal) => runTask(mortal, { kind: 'closed', socket })),
        );
        const record = await world.registry.get(socket);
        expect(record ?? (await onlyLetter(world)), JSON.stringify(fate)).toBeDefined();
        if (fate.kind === 'survived') expect(record).toBeUndefined();
        await sweepMinutes(world, 70);
        expect(await world.registry.get(socket)).toBeUndefined();
        expect((await onlyLetter(world))?.hook).toMatchObject({ id: `closed_${socket}`, code: '1001' });
        return fate;
      });
      expect(deaths).toEqual(expect.arrayContaining(['after put letter', 'before remove', 'after remove']));
    },
  );

  test('when its client leaves ends with one letter, and without the record', async () => {
    const deaths = await everyDeath(async (death) => {
      const { world, socket } = await answering(answered(410));
      world.connections.missing.add(socket);
      world.connections.script(socket, () => ({ kind: 'gone' }));
      const fate = await world.clock.until(
        mortally(world.gateway, death, (mortal) => disconnect(mortal, socket, end)),
      );
      await work(world);
      await sweepMinutes(world, 70);
      expect(await world.registry.get(socket)).toBeUndefined();
      expect((await onlyLetter(world))?.hook.id).toBe(`closed_${socket}`);
      return fate;
    });
    expect(deaths.length).toBeGreaterThan(6);
  });
});

describe('a gateway that dies while it relays a message', () => {
  /** What is left of the message after each death: what the app got, what is queued, and its letter. */
  const deathsOf = async (answer: AppResponse) => {
    const kept: Record<string, boolean> = {};
    await everyDeath(async (death) => {
      const { world, socket } = await answering(answer);
      world.app.answers = [answer];
      const arrival = { socket, id: 'm1', body: 'hello', time: world.clock.now() };
      const fate = await mortally(world.gateway, death, (mortal) => message(mortal, arrival));
      const queued = [...world.tasks.queued, ...world.tasks.delayed];
      const isKept = queued.length > 0 || (await onlyLetter(world)) !== undefined;
      if (fate.kind === 'died') kept[`${fate.when} ${fate.call}`] = isKept;
      else expect(isKept).toBe(true);
      return fate;
    });
    return kept;
  };

  test('loses it only before a failed one is queued', async () => {
    expect(await deathsOf(answered(503))).toEqual({
      'before get': false,
      'after get': false,
      'before hook message_m1': false,
      'after hook message_m1': false,
      'before queue retry': false,
      'after queue retry': true,
      'before countFailed': true,
      'after countFailed': true,
    });
  });

  test('loses it only before a refused one has its letter', async () => {
    expect(await deathsOf(answered(400))).toEqual({
      'before get': false,
      'after get': false,
      'before hook message_m1': false,
      'after hook message_m1': false,
      'before put letter': false,
      'after put letter': true,
      'before countFailed': true,
      'after countFailed': true,
    });
  });
});

/** Runs a task in a worker that dies. The queue hands it out again, as it does with what no worker has finished. */
async function diesAt(
  world: FakeWorld,
  task: Task,
  run: (mortal: Gateway) => Promise<void>,
  death: Parameters<typeof mortally>[1],
) {
  const fate = await mortally(world.gateway, death, run);
  if (fate.kind === 'died') world.tasks.queued.push(task);
  for (let round = 0; round < 20; round++) await work(world);
  return fate;
}

describe('a gateway that dies while it posts a hook again', () => {
  const answers: Record<string, { answers: AppResponse[]; accepted: boolean }> = {
    'that the app accepts': { answers: [], accepted: true },
    'that the app answers': {
      answers: [acting({ reply: 'x', broadcast: [{ body: 'all' }] })],
      accepted: true,
    },
    'that fails once more': { answers: [answered(503)], accepted: true },
    'that the app refuses': { answers: Array.from({ length: 30 }, () => answered(400)), accepted: false },
    'that dies of errors': { answers: Array.from({ length: 30 }, () => answered(500)), accepted: false },
  };

  test.for(Object.entries(answers))('%s loses nothing', async ([, given]) => {
    const deaths = await everyDeath(async (death) => {
      const world = deployedWorld();
      const { socket } = await world.admit();
      world.app.answers = [answered(503)];
      await message(world.gateway, { socket, id: 'm1', body: 'hello', time: world.clock.now() });
      const [task] = world.tasks.delayed.splice(0);
      if (task?.kind !== 'retry') throw new Error('There is no retry.');
      world.clock.skipTo(task.dueAt);
      world.app.answers = [...given.answers];
      const fate = await diesAt(world, task, (mortal) => runTask(mortal, task), death);
      const isAccepted = world.app.requests.length > 1 && world.app.answers.length === 0;
      expect(isAccepted).toBe(given.accepted);
      expect((await onlyLetter(world))?.hook.id).toBe(given.accepted ? undefined : 'message_m1');
      const ids = new Set(world.app.requests.map(({ headers }) => headers['webhook-id']));
      expect(ids).toEqual(new Set(['message_m1']));
      return fate;
    });
    expect(deaths.length).toBeGreaterThanOrEqual(2);
  });
});

describe('a gateway that dies while it replays', () => {
  /** A world with three letters, whose app answers what is replayed with this. */
  const withLetters = async (answer: AppResponse) => {
    const { world, socket } = await answering(answered(400));
    world.app.answers = [answered(400)];
    for (const id of ['m1', 'm2', 'm3'])
      await message(world.gateway, { socket, id, body: 'hello', time: world.clock.now() });
    const letters = await lettersOf(world);
    expect(letters).toHaveLength(3);
    world.app.requests.splice(0);
    world.app.answers = [answer];
    world.app.onPost = () => {
      world.app.answers = [answer];
    };
    return { world, letters };
  };
  const posts = (world: FakeWorld) =>
    ['m1', 'm2', 'm3'].map(
      (id) => world.app.requests.filter(({ headers }) => headers['webhook-id'] === `message_${id}`).length,
    );

  test.for([
    ['accepts them', answered(204), 0],
    ['refuses them again', answered(400), 3],
  ] as const)('all letters, and the app %s, neither loses nor forgets one', async ([, answer, left]) => {
    const deaths = await everyDeath(async (death) => {
      const { world } = await withLetters(answer);
      const task = { kind: 'replay', until: world.clock.now() } as const;
      const fate = await diesAt(world, task, (mortal) => runTask(mortal, task), death);
      expect(Math.min(...posts(world))).toBeGreaterThanOrEqual(1);
      expect(Math.max(...posts(world))).toBeLessThanOrEqual(fate.kind === 'survived' ? 1 : 2);
      expect(await lettersOf(world)).toHaveLength(left);
      return fate;
    });
    expect(deaths).toEqual(expect.arrayContaining(['after queue retry', 'before remove letter']));
  });

  test('one letter for a call leaves it a letter, or queued', async () => {
    const deaths = await everyDeath(async (death) => {
      const { world, letters } = await withLetters(answered(204));
      const id = letters.find(({ hook }) => hook.id === 'message_m2')?.id ?? '';
      const found = route('POST', `/dead-letters/${id}/replay`);
      if (!found.ok) throw new Error('There is no such call.');
      const { call, parameters } = found.value;
      const request = { id: 'req_1', parameters, query: '', authorization: '', identity: 'a caller' };
      const fate = await mortally(world.gateway, death, (mortal) =>
        call(mortal, { ...request, contentType: '', body: async () => ok(Buffer.alloc(0)) }),
      );
      await work(world);
      const isLeft = (await lettersOf(world)).some((letter) => letter.id === id);
      const [, posted = 0] = posts(world);
      expect(isLeft || posted > 0).toBe(true);
      if (fate.kind === 'survived') expect([isLeft, posted]).toEqual([false, 1]);
      expect(await lettersOf(world)).toHaveLength(isLeft ? 3 : 2);
      return fate;
    });
    expect(deaths).toEqual(expect.arrayContaining(['after get letter', 'after queue retry']));
  });
});
