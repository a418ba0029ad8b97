import { expect, test } from 'vitest';
import type { SocketRecord } from '../../functions/gateway/record.ts';
import type { SocketFilter } from '../../functions/gateway/socket-filter.ts';
import type { Entry } from '../../functions/local/record-index.ts';
import { RecordIndex } from '../../functions/local/record-index.ts';
import { aPath, aRecord } from '../fakes/a-record.ts';
import { groupName } from '../fakes/group-names.ts';

function anEntry(given: Partial<SocketRecord>): Entry {
  return {
    record: aRecord(given),
    sequence: 1,
    leaseEnds: 0,
    place: -1,
    outbox: [],
    outboxBytes: 0,
    failedBytes: 0,
  };
}

const room = aPath('/room');
const group = groupName('room');

/** The records of the candidates that the index finds. */
function found(index: RecordIndex, filter: SocketFilter): SocketRecord[] {
  return [...(index.find(filter) ?? [])].map(({ record }) => record);
}

test('entries are found by group, else by user, else by path, and without any of these the index finds nothing', () => {
  const index = new RecordIndex();
  const alice = anEntry({ path: room, user: 'alice' });
  const nobody = anEntry({ path: room });
  for (const entry of [alice, nobody]) index.add(entry);
  expect([...(index.find({ path: room }) ?? [])]).toEqual([alice, nobody]);
  expect([...(index.find({ user: 'alice' }) ?? [])]).toEqual([alice]);
  expect([...(index.find({ path: room, user: 'alice' }) ?? [])]).toEqual([alice]);
  expect([...(index.find({ user: 'bob' }) ?? [])]).toEqual([]);
  expect([...(index.find({ path: aPath('/hall') }) ?? [])]).toEqual([]);
  expect(index.find({})).toBeUndefined();
  index.join(nobody, group, 1);
  expect(found(index, { group, path: room, user: 'alice' })).toEqual([nobody.record]);
  expect([...(index.find({ user: '' }) ?? [])]).toEqual([]);
});

test('an entry that is deleted is not found any more, and its neighbours still are', () => {
  const index = new RecordIndex();
  const [one, other] = [anEntry({ path: room, user: 'alice' }), anEntry({ path: room, user: 'alice' })];
  for (const entry of [one, other]) index.add(entry);
  index.delete(one);
  index.delete(one);
  expect([...(index.find({ path: room }) ?? [])]).toEqual([other]);
  expect([...(index.find({ user: 'alice' }) ?? [])]).toEqual([other]);
  index.delete(other);
  expect([...(index.find({ path: room }) ?? [])]).toEqual([]);
  expect([...(index.find({ user: 'alice' }) ?? [])]).toEqual([]);
});

test('an entry whose record changed between delete and add is found under the new user only', () => {
  const index = new RecordIndex();
  const entry = anEntry({ path: room, user: 'ticket' });
  index.add(entry);
  index.delete(entry);
  entry.record = { ...entry.record, user: 'app' };
  index.add(entry);
  expect([...(index.find({ user: 'ticket' }) ?? [])]).toEqual([]);
  expect([...(index.find({ user: 'app' }) ?? [])]).toEqual([entry]);
});

test('the members of a group are in the order in which they joined, with the numbers of their joins', () => {
  const index = new RecordIndex();
  const [first, second] = [anEntry({}), anEntry({})];
  for (const entry of [first, second]) index.add(entry);
  index.join(second, group, 7);
  index.join(first, group, 8);
  const members = [...(index.find({ group }) ?? [])];
  expect(members.map(({ record }) => record)).toEqual([second.record, first.record]);
  expect(members.map(({ sequence }) => sequence)).toEqual([7, 8]);
});

test('an entry that leaves a group and joins it again comes last, and is there once', () => {
  const index = new RecordIndex();
  const [one, other] = [anEntry({}), anEntry({})];
  for (const [at, entry] of [one, other].entries()) index.join(entry, group, at);
  index.leave(one, group);
  expect(found(index, { group })).toEqual([other.record]);
  index.join(one, group, 9);
  expect(found(index, { group })).toEqual([other.record, one.record]);
});

test('an entry that leaves one group stays in its others', () => {
  const index = new RecordIndex();
  const entry = anEntry({});
  const hall = groupName('hall');
  index.join(entry, group, 1);
  index.join(entry, hall, 2);
  index.leave(entry, group);
  index.leave(entry, group);
  expect(found(index, { group })).toEqual([]);
  expect(found(index, { group: hall })).toEqual([entry.record]);
});

test('a member of a group shows its record as it is now', () => {
  const index = new RecordIndex();
  const entry = anEntry({ user: 'before' });
  index.join(entry, group, 1);
  const [member] = [...(index.find({ group }) ?? [])];
  entry.record = { ...entry.record, user: 'after' };
  expect(member?.record.user).toBe('after');
});
