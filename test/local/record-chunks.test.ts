import { expect, test } from 'vitest';
import type { SocketRecord } from '../../functions/gateway/record.ts';
import { places } from '../../functions/local/record-block.ts';
import { chunksOf } from '../../functions/local/record-chunks.ts';
import { readRecords, recordText } from '../../functions/local/stored.ts';
import { aGroup, aPath, aRecord } from '../fakes/a-record.ts';

const kept = (record: SocketRecord) => ({ record, place: places.none });
const some = (count: number, given: Partial<SocketRecord> = {}) =>
  Array.from({ length: count }, () => kept(aRecord(given)));
const cut = (chunks: ReturnType<typeof chunksOf>) =>
  chunks.map(({ place, records }) => [place, records.length]);

test('64 records are one chunk, and 65 are two', () => {
  expect(cut(chunksOf(some(64), 0))).toEqual([[0, 64]]);
  expect(cut(chunksOf(some(65), 0))).toEqual([
    [0, 64],
    [64, 1],
  ]);
});

test('a chunk has at most 16,384 characters, or one record that is longer', () => {
  const bare = recordText(aRecord({ query: 'x' })).length - 1;
  const half = { query: 'x'.repeat(8_192 - bare) };
  const more = { query: 'x'.repeat(8_193 - bare) };
  expect(cut(chunksOf(some(2, half), 0))).toEqual([[0, 2]]);
  expect(cut(chunksOf([...some(1, half), ...some(1, more)], 0))).toEqual([
    [0, 1],
    [1, 1],
  ]);
  expect(cut(chunksOf(some(2, { origin: 'x'.repeat(20_000) }), 0))).toEqual([
    [0, 1],
    [1, 1],
  ]);
});

test('a chunk ends where its block of 1,024 places ends', () => {
  expect(cut(chunksOf(some(10), 1_020))).toEqual([
    [1_020, 4],
    [1_024, 6],
  ]);
  expect(cut(chunksOf(some(10), 1_024))).toEqual([[1_024, 10]]);
});

test('a chunk reads as it was written, every field of a record included', () => {
  const bare = aRecord({ status: 'open' });
  const full = aRecord({
    status: 'closing',
    path: aPath('/room'),
    query: 'a=1&b=ü',
    user: 'ann',
    state: '"quoted"\n',
    origin: 'https://app.example',
    groups: [aGroup('room:1'), aGroup('é')],
    groupsVersion: 3,
    acceptedAt: 2,
    leaseUntil: 4,
    attempts: 5,
    end: { code: 4_000, reason: 'bye', time: 6 },
  });
  const [chunk] = chunksOf([kept(bare), kept(full)], 7);
  expect(readRecords(chunk?.change.value ?? Buffer.of())).toEqual([bare, full]);
});

test('what this program never wrote is no chunk', () => {
  for (const text of ['', '{}', '[{}]', '[1]', '[{"socket":"a","path":"/","openedAt":"1"}]'])
    expect(() => readRecords(Buffer.from(text)), text).toThrow();
});
