import { describe, expect, test } from 'vitest';
import { message } from '../../../functions/gateway/relay/message.ts';
import type { SocketId } from '../../../functions/wire/socket-id.ts';
import { acting, answered } from '../../fakes/fake-app.ts';
import { groupNames } from '../../fakes/group-names.ts';
import { type TimedWorld, timedGateway } from '../../fakes/pass-time.ts';

const minute = 60_000;
const everything = { reply: 'to you', broadcast: [{ body: 'to all' }] };

/** A message that fails once. Then something changes, and the app gets it again and answers with this document. */
async function answeredLate(
  document: object,
  change: (world: TimedWorld, socket: SocketId) => Promise<unknown>,
) {
  const world = timedGateway();
  const { socket } = await world.admit({ state: 'old' });
  await world.registry.changeGroups(socket, { join: groupNames('a'), leave: [] });
  world.app.answers = [answered(503), acting(document)];
  await message(world.gateway, { socket, id: 'm1', body: 'hello', time: world.clock.now() });
  await change(world, socket);
  world.log.lines.splice(0);
  await world.pass(minute);
  expect(world.app.requests).toHaveLength(2);
  const { state, groups } = (await world.registry.get(socket)) ?? {};
  const dropped = world.log.of('action_failed').map(({ fields }) => [fields['action'], fields['code']]);
  expect(world.log.of('action_failed').every(({ fields }) => fields['request'] === 'message_m1')).toBe(true);
  return { state, groups, dropped, arrived: world.connections.of(socket) };
}

const nothing = async (): Promise<void> => {};
const newState = ({ registry }: TimedWorld, socket: SocketId) => registry.setState(socket, 'newer');
const newGroups = async ({ registry }: TimedWorld, socket: SocketId) =>
  registry.changeGroups(socket, { join: groupNames('b'), leave: [] });

describe('an answer that comes late', () => {
  test('is not asked for again if its socket can no longer be looked up', async () => {
    const world = timedGateway();
    const { socket } = await world.admit({});
    world.app.answers = [answered(503), acting(everything)];
    await message(world.gateway, { socket, id: 'm1', body: 'hello', time: world.clock.now() });
    world.registry.get = async () => {
      throw new Error('DynamoDB is away.');
    };
    await world.pass(60 * minute);
    expect(world.app.requests, 'the attempts').toHaveLength(2);
    expect(world.log.of('action_failed').map(({ fields }) => fields['code'])).toEqual(['fault']);
    expect(await world.gateway.deadLetters.list(1, undefined, false)).toEqual({ deadLetters: [] });
  });

  test('does all that it asks for if nothing has changed', async () => {
    const document = { ...everything, state: 'late', join: ['c'], leave: ['a'] };
    expect(await answeredLate(document, nothing)).toEqual({
      state: 'late',
      groups: ['c'],
      dropped: [],
      arrived: ['to you', 'to all'],
    });
  });

  test('does not set the state that has changed since, and does the rest', async () => {
    const document = { ...everything, state: 'late', join: ['c'] };
    expect(await answeredLate(document, newState)).toEqual({
      state: 'newer',
      groups: ['a', 'c'],
      dropped: [['state', 'outdated']],
      arrived: ['to you', 'to all'],
    });
  });

  test('sets a state that was set to what it had been', async () => {
    const same = ({ registry }: TimedWorld, socket: SocketId) => registry.setState(socket, 'old');
    const { state, dropped } = await answeredLate({ state: 'late' }, same);
    expect([state, dropped]).toEqual(['late', []]);
  });

  test.for([
    { document: { join: ['c'] }, action: 'join' },
    { document: { leave: ['a'] }, action: 'leave' },
    { document: { join: ['c'], leave: ['a'] }, action: 'join' },
  ])('does not $action where the groups have changed since, and does the rest: $document', async (given) => {
    const document = { ...everything, ...given.document, state: 'late' };
    expect(await answeredLate(document, newGroups)).toEqual({
      state: 'late',
      groups: ['a', 'b'],
      dropped: [[given.action, 'outdated']],
      arrived: ['to you', 'to all'],
    });
  });

  test('changes no groups that have changed and changed back', async () => {
    const back = async (world: TimedWorld, socket: SocketId) => {
      await newGroups(world, socket);
      await world.registry.changeGroups(socket, { join: [], leave: groupNames('b') });
    };
    const { groups, dropped } = await answeredLate({ join: ['c'] }, back);
    expect([groups, dropped]).toEqual([['a'], [['join', 'outdated']]]);
  });

  test('drops what both have overtaken', async () => {
    const both = async (world: TimedWorld, socket: SocketId) => {
      await newState(world, socket);
      await newGroups(world, socket);
    };
    const { state, groups, dropped } = await answeredLate({ state: 'late', leave: ['a'] }, both);
    expect([state, groups]).toEqual(['newer', ['a', 'b']]);
    expect(dropped).toEqual([
      ['state', 'outdated'],
      ['leave', 'outdated'],
    ]);
  });

  test('brings nothing back for a socket that has gone, and still broadcasts', async () => {
    const world = timedGateway();
    const [{ socket }, other] = [await world.admit(), await world.admit()];
    world.app.answers = [answered(503), acting({ ...everything, state: 'late', join: ['c'], close: true })];
    await message(world.gateway, { socket, id: 'm1', body: 'hello', time: world.clock.now() });
    await world.registry.remove(socket);
    await world.pass(minute);
    expect(await world.registry.get(socket)).toBeUndefined();
    expect(world.connections.of(other.socket)).toEqual(['to all']);
    expect(world.connections.of(socket)).toEqual([]);
    const codes = world.log.of('action_failed').map(({ fields }) => [fields['action'], fields['code']]);
    expect(codes).toEqual([
      ['state', 'gone'],
      ['join', 'gone'],
    ]);
  });

  test('brings nothing back for a socket that is closing', async () => {
    const end = ({ registry, clock }: TimedWorld, socket: SocketId) =>
      registry.markEnded(socket, { code: 1000, reason: '', time: clock.now() });
    const { state, groups, dropped } = await answeredLate({ state: 'late', join: ['c'], reply: 'x' }, end);
    expect([state, groups]).toEqual(['old', ['a']]);
    expect(dropped).toEqual([
      ['state', 'gone'],
      ['join', 'gone'],
    ]);
  });
});
