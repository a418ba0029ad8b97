import { expect, test } from 'vitest';
import type { SocketRecord } from '../../functions/gateway/record.ts';
import type { Entry } from '../../functions/local/record-index.ts';
import { RecordIndex } from '../../functions/local/record-index.ts';
import { aPath, aRecord } from '../fakes/a-record.ts';

function anEntry(given: Partial<SocketRecord>): Entry {
  return { record: aRecord(given), sequence: 1, leaseEnds: 0, outbox: [], outboxBytes: 0 };
}

const room = aPath('/room');

test('entries are found by user, else by path; without either the index has no say', () => {
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
  expect([...(index.find({ user: '' }) ?? [])]).toEqual([]);
});

test('an entry that is taken out is found no more, and its neighbours still are', () => {
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
