import { expect, test } from 'vitest';
import type { Gateway } from '../../../functions/gateway/gateway.ts';
import { messageHook } from '../../../functions/gateway/relay/hooks.ts';
import { message } from '../../../functions/gateway/relay/message.ts';
import { retry } from '../../../functions/gateway/relay/retry.ts';
import type { AppResponse } from '../../../functions/wire/answer.ts';
import { aConnectRequest } from '../../fakes/a-connect-request.ts';
import { everySchedule } from '../../fakes/every-schedule.ts';
import { acting } from '../../fakes/fake-app.ts';
import { groupNames } from '../../fakes/group-names.ts';
import { Scene } from '../../fakes/scene.ts';
import { quiet } from '../../fakes/turnstile.ts';

const { socket, time: now } = aConnectRequest();

/** The gateway whose app answers everything with this. */
const answered = (gateway: Gateway, answer: AppResponse): Gateway => ({
  ...gateway,
  app: { post: async () => answer },
});

/** The flows of an answer that comes late, and of a newer message whose answer comes at once, in every order. */
async function everyOrder(check: (scene: Scene) => Promise<void>): Promise<number> {
  const found = await everySchedule(async () => {
    const scene = new Scene(socket);
    const record = await scene.stand({ acceptedAt: now - 90_000, state: 'old' });
    const hook = messageHook(record, { id: 'm1', body: 'first', time: now });
    const tries = { since: now, attempts: 1, errors: 0 };
    const task = { kind: 'retry', socket, hook, groupsVersion: 0, tries, dueAt: 0 } as const;
    scene.begin('late', (gateway) =>
      retry(answered(gateway, acting({ state: 'late', join: ['late'] })), task),
    );
    scene.begin('newer', (gateway) =>
      message(answered(gateway, acting({ state: 'newer', join: ['newer'] })), {
        ...{ socket, id: 'm2', body: 'second', time: now },
      }),
    );
    scene.check = async () => {
      await check(scene);
      expect(scene.faults).toEqual([]);
    };
    await quiet();
    return scene;
  });
  return found.schedules;
}

test('in whatever order they are run, a late answer undoes nothing of a newer one', async () => {
  const ends = new Set<string>();
  const schedules = await everyOrder(async (scene) => {
    const { state, groups = [] } = (await scene.record()) ?? {};
    expect(state).toBe('newer');
    expect([groupNames('newer'), groupNames('late', 'newer')]).toContainEqual(groups);
    ends.add(groups.join(' '));
  });
  expect([...ends].sort(), 'both orders were met').toEqual(['late newer', 'newer']);
  expect(schedules).toBeGreaterThan(10);
});
