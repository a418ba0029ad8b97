import { describe, expect, test } from 'vitest';
import { deadLetter, replayOf } from '../../../functions/gateway/dead-letters.ts';
import { endSocket } from '../../../functions/gateway/end/end-socket.ts';
import { messageHook } from '../../../functions/gateway/relay/hooks.ts';
import { runTask } from '../../../functions/gateway/run-task.ts';
import { sweep } from '../../../functions/gateway/sweep/sweep.ts';
import type { AppResponse } from '../../../functions/wire/answer.ts';
import { aConnectRequest } from '../../fakes/a-connect-request.ts';
import { everySchedule, type Play } from '../../fakes/every-schedule.ts';
import { answered } from '../../fakes/fake-app.ts';
import { lettersOf, onlyLetter } from '../../fakes/letters.ts';
import { Scene } from '../../fakes/scene.ts';
import { quiet } from '../../fakes/turnstile.ts';

const { socket, time: now } = aConnectRequest();
const given = { policy: { retry: { attempts: 1, withinMs: 0 } } };

/** For a machine that has much else to do; in milliseconds. */
const timeout = 120_000;

/** Plays what is set up here in every order. `always` holds between any two steps. */
function everyOrder(
  setUp: (scene: Scene) => Promise<void>,
  check: (scene: Scene) => Promise<void>,
  always: (scene: Scene) => Promise<void> = async () => {},
) {
  return everySchedule(async (): Promise<Play> => {
    const scene = new Scene(socket, given);
    scene.check = async () => {
      await check(scene);
      expect(scene.faults).toEqual([]);
    };
    await setUp(scene);
    await quiet();
    return {
      get choices() {
        return scene.choices;
      },
      step: (at) => scene.step(at),
      async state() {
        const known = await scene.state();
        await always(scene);
        return [known, await lettersOf(scene.world), scene.world.app.answers.length];
      },
      end: () => scene.end(),
    };
  });
}

/** A letter of a message, in a world whose app gives these answers, and then accepts. */
async function withLetter(scene: Scene, answers: readonly AppResponse[]): Promise<void> {
  const record = await scene.stand({ acceptedAt: now - 90_000 });
  const { gateway, app } = scene.world;
  const hook = messageHook(record, { id: 'm1', body: 'hello', time: now });
  const tries = { since: now, attempts: 1, errors: 0 };
  await gateway.deadLetters.put(
    deadLetter({ hook, groupsVersion: 0, tries }, 'refused', gateway.clock.now()),
  );
  app.answers = [...answers];
}

/** What the call does that replays one letter. */
async function replaysOne(scene: Scene, name: string): Promise<void> {
  const letter = await onlyLetter(scene.world);
  if (letter === undefined) throw new Error('There is no letter.');
  scene.begin(name, async ({ deadLetters, tasks, clock }) => {
    const read = await deadLetters.get(letter.id);
    if (read === undefined) return;
    await tasks.enqueue(replayOf(read, clock.now()));
    await deadLetters.remove(read.id, read.diedAt);
  });
}

const replaysAll = (scene: Scene, name: string): void =>
  scene.begin(name, (gateway) => runTask(gateway, { kind: 'replay', until: gateway.clock.now() }));

const refusing = Array.from({ length: 9 }, () => answered(400));

describe('in whatever order things happen, a letter that is replayed', { timeout }, () => {
  test('by one who replays it and one who replays all is a letter again if the app refuses it', async () => {
    const seen = await everyOrder(
      async (scene) => {
        await withLetter(scene, refusing);
        await replaysOne(scene, 'one');
        replaysAll(scene, 'all');
      },
      async ({ world }) => {
        expect(await lettersOf(world)).toHaveLength(1);
        expect(world.app.requests.length).toBeGreaterThanOrEqual(1);
        expect(world.app.requests.length).toBeLessThanOrEqual(2);
      },
    );
    expect(seen.schedules).toBeGreaterThan(500);
  });

  test('twice, and that the app refuses once and then accepts, is told at least once', async () => {
    const seen = await everyOrder(
      async (scene) => {
        await withLetter(scene, [answered(400)]);
        await replaysOne(scene, 'one');
        await replaysOne(scene, 'other');
      },
      async ({ world }) => {
        const isAccepted = world.app.requests.length > 1;
        expect(isAccepted || (await lettersOf(world)).length === 1).toBe(true);
      },
    );
    expect(seen.schedules).toBeGreaterThan(500);
  });

  test('while the app is away is told once, and is no letter then', async () => {
    const seen = await everyOrder(
      async (scene) => {
        await withLetter(scene, [answered(503)]);
        await replaysOne(scene, 'one');
        replaysAll(scene, 'all');
      },
      async ({ world }) => {
        expect(await lettersOf(world)).toEqual([]);
        expect(world.app.requests.length).toBeGreaterThanOrEqual(2);
      },
    );
    expect(seen.schedules).toBeGreaterThan(500);
  });
});

describe('in whatever order it is found, an end that the app refuses to hear of', { timeout }, () => {
  test('has its record or its letter at any moment, and one letter in the end', async () => {
    const seen = await everyOrder(
      async (scene) => {
        scene.copies = 2;
        await scene.stand({ openedAt: now - 90_000, acceptedAt: now - 90_000 });
        scene.world.app.answers = [...refusing];
        scene.leave();
        scene.begin('finder', (gateway) => endSocket(gateway, socket, { code: 1006, reason: '' }));
        scene.begin('sweep', (gateway) => sweep(gateway, 0));
      },
      async (scene) => {
        expect(await scene.record()).toBeUndefined();
        expect((await onlyLetter(scene.world))?.hook.id).toBe(`closed_${socket}`);
        expect(scene.told).toHaveLength(1);
      },
      async (scene) => {
        expect((await scene.record()) ?? (await onlyLetter(scene.world))).toBeDefined();
      },
    );
    expect(seen.schedules).toBeGreaterThan(1_000);
  });
});
