import { expect, test } from 'vitest';
import { redrive } from '../../../functions/gateway/relay/redrive.ts';
import type { RetryTask } from '../../../functions/gateway/tasks.ts';
import { aHook } from '../../fakes/a-hook.ts';
import { fakeGateway } from '../../fakes/fake-gateway.ts';
import { lettersOf, onlyLetter } from '../../fakes/letters.ts';

const why = 'it was handed to a worker too often, and none finished it';

function aTask(now: number): RetryTask {
  const hook = aHook();
  const tries = { since: now - 60_000, attempts: 4, errors: 1 };
  return { kind: 'retry', socket: hook.socket, hook, groupsVersion: 3, tries, dueAt: now };
}

test('a hook that no worker finished is a dead letter, with as many attempts as are known, and the app is not asked', async () => {
  const world = fakeGateway();
  const task = aTask(world.clock.now());
  await redrive(world.gateway, task);
  const letter = await onlyLetter(world);
  const diedAt = world.clock.now();
  expect(letter).toMatchObject({ hook: task.hook, groupsVersion: 3, attempts: 4, why, diedAt });
  const { id: request, socket, path, user } = task.hook;
  const about = { request, hook: 'message', socket, path, user };
  const fields = { ...about, why, attempts: 4, letter: letter?.id };
  expect(world.log.of('hook_dead')).toEqual([{ level: 'error', event: 'hook_dead', fields }]);
  expect(world.app.requests).toEqual([]);
});

test('a hook that is handed over twice is one dead letter', async () => {
  const world = fakeGateway();
  const task = aTask(world.clock.now());
  await redrive(world.gateway, task);
  await redrive(world.gateway, task);
  expect(await lettersOf(world)).toHaveLength(1);
});

test('a hook that there is no room for stays where it is', async () => {
  const world = fakeGateway();
  const deadLetters = { ...world.gateway.deadLetters, put: async () => 'full' as const };
  const kept = redrive({ ...world.gateway, deadLetters }, aTask(world.clock.now()));
  await expect(kept).rejects.toThrow('no room');
  expect(world.log.of('hook_dead')).toEqual([]);
});
