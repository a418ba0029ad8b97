import { describe, expect, test } from 'vitest';
import type { Gateway } from '../../../functions/gateway/gateway.ts';
import { tellingPresence, tellPresenceOfEnded } from '../../../functions/gateway/presence-changes.ts';
import type { PresenceKey, Telling } from '../../../functions/gateway/presences.ts';
import { presenceHook } from '../../../functions/gateway/relay/hooks.ts';
import { hookEvents, hookUrl } from '../../../functions/wire/hook.ts';
import { aPath, newSocket } from '../../fakes/a-record.ts';
import { fakeGateway } from '../../fakes/fake-gateway.ts';
import { groupName } from '../../fakes/group-names.ts';
import { lobby } from './simulated.ts';

const hooks = new Set(hookEvents);
const arena = groupName('arena');

/** A gateway that lists its steps: departures, tasks with their delays, and the change. */
function listing(untoldMs: number | undefined) {
  const world = fakeGateway({ settings: { hooks, presenceGraceMs: 5_000 }, policy: { untoldMs } });
  const steps: string[] = [];
  const gateway: Gateway = {
    ...world.gateway,
    presences: {
      ...world.gateway.presences,
      depart: async (key, departure) => {
        steps.push(`depart ${key.group}`);
        await world.gateway.presences.depart(key, departure);
      },
      departure: (key) => world.gateway.presences.departure(key),
    },
    tasks: {
      ...world.gateway.tasks,
      enqueue: async (task, delayMs = 0) => {
        steps.push(`${task.kind === 'presence' ? task.group : task.kind} in ${delayMs}`);
      },
    },
  };
  const change = async () => {
    steps.push('change');
  };
  return { ...world, gateway, steps, change };
}

describe('a change of groups', () => {
  test('where runs may die has a look behind it first, and notes who leaves before they have left', async () => {
    const { gateway, admit, steps, change } = listing(90_000);
    const record = await admit({ user: 'alice', groups: [arena] });
    await tellingPresence(gateway, record, { join: [lobby], leave: [arena] }, change);
    const safety = ['lobby in 90000', 'arena in 95000'];
    expect(steps).toEqual([...safety, 'depart arena', 'change', 'lobby in 0', 'arena in 5000']);
  });

  test('in one process needs no such look', async () => {
    const { gateway, admit, steps, change } = listing(undefined);
    const record = await admit({ user: 'alice', groups: [arena] });
    await tellingPresence(gateway, record, { join: [lobby], leave: [arena] }, change);
    expect(steps).toEqual(['depart arena', 'change', 'lobby in 0', 'arena in 5000']);
  });
});

describe('a socket that has ended', () => {
  const end = { code: 1001, reason: '', time: 1_764_000_000_000 };

  test('has left each of its groups', async () => {
    const { gateway, admit, steps } = listing(undefined);
    const record = await admit({ groups: [lobby, arena], status: 'closing', end });
    await tellPresenceOfEnded(gateway, record);
    expect(steps).toEqual(['depart lobby', 'depart arena', 'lobby in 5000', 'arena in 5000']);
  });

  test('where runs may die has a look behind each departure that is noted', async () => {
    const { gateway, admit, steps } = listing(90_000);
    const record = await admit({ groups: [lobby, arena], status: 'closing', end });
    await tellPresenceOfEnded(gateway, record);
    expect(steps).toEqual(['lobby in 5000', 'arena in 5000', 'depart lobby', 'depart arena']);
  });

  test('is told of once, however often its closed hook is postponed', async () => {
    const { gateway, admit, steps } = listing(90_000);
    const record = await admit({ groups: [lobby, arena], status: 'closing', end });
    for (let round = 0; round < 3; round++) await tellPresenceOfEnded(gateway, record);
    expect(steps).toEqual(['lobby in 5000', 'arena in 5000', 'depart lobby', 'depart arena']);
  });

  test('is told of by the next worker if the first one died before the departure was noted', async () => {
    const { gateway, admit, steps } = listing(90_000);
    const record = await admit({ groups: [lobby], status: 'closing', end });
    const { presences } = gateway;
    const dying: Gateway = {
      ...gateway,
      presences: { ...presences, depart: () => Promise.reject(new Error('It dies.')) },
    };
    await expect(tellPresenceOfEnded(dying, record)).rejects.toThrow('It dies.');
    await tellPresenceOfEnded(gateway, record);
    expect(steps).toEqual(['lobby in 5000', 'lobby in 5000', 'depart lobby']);
  });

  test('is told of to each of 50 groups within a few answers of a slow table', async () => {
    const { gateway, admit } = listing(90_000);
    const groups = Array.from({ length: 50 }, (_, at) => groupName(`group-${at}`));
    const record = await admit({ groups, status: 'closing', end });
    const { presences, tasks } = gateway;
    let calls = 0;
    let atOnce = 0;
    const slowly = async <T>(call: () => Promise<T>): Promise<T> => {
      atOnce = Math.max(atOnce, ++calls);
      await new Promise((resolve) => setImmediate(resolve));
      calls -= 1;
      return call();
    };
    await tellPresenceOfEnded(
      {
        ...gateway,
        presences: { ...presences, departure: (key) => slowly(() => presences.departure(key)) },
        tasks: { ...tasks, enqueue: (task, ms) => slowly(() => tasks.enqueue(task, ms)) },
      },
      record,
    );
    expect(atOnce, 'calls that wait at the same time').toBe(50);
  });

  test('was never there if its handshake was not accepted', async () => {
    const { gateway, admit, steps } = listing(90_000);
    const record = await admit({ groups: [lobby], status: 'closing', end, acceptedAt: 0 });
    await tellPresenceOfEnded(gateway, record);
    expect(steps).toEqual([]);
  });
});

describe('the hook of a user in a group', () => {
  const telling: Telling = {
    event: 'joined',
    socket: newSocket(),
    path: aPath('/a%20b'),
    time: 7,
    rounds: 0,
  };
  const alice: PresenceKey = { group: lobby, subject: 'u:alice' };

  test('has the same id on each attempt, and no other hook has it', () => {
    const { id } = presenceHook(alice, telling, 1_764_000_000_000);
    expect(presenceHook(alice, { ...telling, rounds: 3 }, 1_764_000_000_000).id).toBe(id);
    expect(id).toMatch(/^joined_[\w-]{22}-[0-9a-z]+$/);
    const others = [
      presenceHook({ ...alice, group: arena }, telling, 1_764_000_000_000),
      presenceHook({ ...alice, subject: 'u:bob' }, telling, 1_764_000_000_000),
      presenceHook({ ...alice, subject: `s:${newSocket()}` }, telling, 1_764_000_000_000),
      presenceHook(alice, telling, 1_764_000_000_001),
      presenceHook(alice, { ...telling, event: 'left' }, 1_764_000_000_000),
    ].map((hook) => hook.id);
    expect(new Set([id, ...others]).size).toBe(6);
  });

  test('goes to the path of the socket that caused it, and names the group, the user and the number', () => {
    const hook = presenceHook(alice, telling, 9);
    expect(hookUrl(hook, 'http://app.example/websocket')).toBe('http://app.example/websocket/joined/a%20b');
    expect(hook).toMatchObject({ user: 'alice', time: 7, presence: { group: lobby, sequence: 9 } });
    expect(
      presenceHook({ ...alice, subject: `s:${telling.socket}` }, telling, 9).user,
      'a socket alone',
    ).toBe('');
  });
});
