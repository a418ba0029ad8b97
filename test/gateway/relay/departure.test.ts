import { expect, test } from 'vitest';
import { tellingPresence } from '../../../functions/gateway/presence-changes.ts';
import { subjectOf } from '../../../functions/gateway/presences.ts';
import { presence } from '../../../functions/gateway/relay/presence.ts';
import { runTask } from '../../../functions/gateway/run-task.ts';
import { hookEvents } from '../../../functions/wire/hook.ts';
import { fakeGateway } from '../../fakes/fake-gateway.ts';
import { groupName } from '../../fakes/group-names.ts';

const graceMs = 5_000;

test('a user who leaves while the app hears that they came has the whole grace to come back', async () => {
  const { gateway, registry, app, clock, tasks, admit } = fakeGateway({
    settings: { hooks: new Set(hookEvents), presenceGraceMs: graceMs },
  });
  const group = groupName('lobby');
  const record = await admit({ user: 'alice', groups: [group] });
  const change = { join: [], leave: [group] };
  app.onPost = async () => {
    clock.skipTo(clock.now() + 1_000);
    if (app.hooks.length > 1) return;
    await tellingPresence(gateway, record, change, () => registry.changeGroups(record.socket, change));
  };
  const { socket } = record;
  await presence(gateway, { kind: 'presence', group, subject: subjectOf(record), socket });
  expect(
    app.hooks.map(({ event }) => event),
    'told in the same run',
  ).toEqual(['joined']);
  expect(tasks.delayMs, 'the next look').toBe(graceMs);
  clock.skipTo(clock.now() + graceMs);
  tasks.ripen();
  await tasks.run((task) => runTask(gateway, task));
  expect(
    app.hooks.map(({ event }) => event),
    'after the grace',
  ).toEqual(['joined', 'left']);
});
