import { isUtf8 } from 'node:buffer';
import { expect, test } from 'vitest';
import { Utf8Check } from '../../functions/websocket/utf8-check.ts';

/** Bytes at every edge of RFC 3629 section 4: what holds of one holds of all from there to the next. */
const edges = Buffer.from(
  '00417f80818f90919fa0a1bfc0c1c2c3dfe0e1e2ecedeeeff0f1f3f4f5f7f8fbfcfdfeff'.match(/../g)?.join('') ?? '',
  'hex',
);
/** What the second byte of a character may be; behind it any of its following bytes will do. */
const second = [0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf];

/** Whether these bytes may be the beginning of a text of UTF-8, as Node.js has it. */
function mayBegin(bytes: Buffer): boolean {
  if (isUtf8(bytes)) return true;
  return second.some((byte) =>
    [[byte], [byte, 0x80], [byte, 0x80, 0x80]].some((more) =>
      isUtf8(Buffer.concat([bytes, Buffer.from(more)])),
    ),
  );
}

/** At which byte these can't begin a text any more; their number if they can. */
function impossibleAt(bytes: Buffer, known: number): number {
  if (known < bytes.length - 1) return known;
  return mayBegin(bytes) ? bytes.length : bytes.length - 1;
}

/** Every sequence of so many of these bytes, and at which one it is impossible. */
function* sequences(alphabet: Uint8Array, length: number): Generator<{ bytes: Buffer; impossible: number }> {
  if (length === 0) {
    yield { bytes: Buffer.alloc(0), impossible: 0 };
    return;
  }
  for (const { bytes, impossible } of sequences(alphabet, length - 1)) {
    for (const byte of alphabet) {
      const longer = Buffer.concat([bytes, Buffer.from([byte])]);
      yield { bytes: longer, impossible: impossibleAt(longer, impossible) };
    }
  }
}

/** Fails if the check says something else of these bytes, cut at these places. */
function mustAgree(bytes: Buffer, impossible: number, cuts: readonly number[]): void {
  const check = new Utf8Check();
  let from = 0;
  for (const to of [...cuts, bytes.length]) {
    const isPossible = check.take(bytes.subarray(from, to));
    if (isPossible !== impossible >= to)
      throw new Error(`${bytes.toString('hex')} cut at ${cuts}: ${isPossible} up to ${to}`);
    if (!isPossible) return;
    from = to;
  }
  if (check.isWhole !== isUtf8(bytes))
    throw new Error(`${bytes.toString('hex')} cut at ${cuts}: whole ${check.isWhole}`);
}

/** Every set of places to cut so many bytes. */
function cutsOf(length: number): number[][] {
  const sets: number[][] = [[]];
  for (let place = 1; place < length; place++) sets.push(...sets.map((cuts) => [...cuts, place]));
  return sets;
}

test('every sequence of one or two bytes is judged as Node.js does, cut or not, at its first impossible byte', () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, at) => at);
  for (const length of [1, 2]) {
    for (const sequence of sequences(bytes, length))
      for (const cuts of cutsOf(length)) mustAgree(sequence.bytes, sequence.impossible, cuts);
  }
});

test.for([3, 4])('every sequence of %i bytes from the edges is, too', (length) => {
  const all = cutsOf(length);
  let count = 0;
  for (const { bytes, impossible } of sequences(edges, length)) {
    count += 1;
    // All cuts of those that are possible for long enough to be cut there; the rest ends before.
    for (const cuts of all) if ((cuts.at(-1) ?? 0) <= impossible) mustAgree(bytes, impossible, cuts);
  }
  expect(count).toBe(edges.length ** length);
});

test('every character is taken, cut anywhere, with others around it', () => {
  let count = 0;
  for (let code = 0; code <= 0x10ffff; code += code < 0x3000 ? 1 : 61) {
    if (code >= 0xd800 && code < 0xe000) continue;
    const bytes = Buffer.from(`a${String.fromCodePoint(code)}é`);
    for (let cut = 1; cut < bytes.length; cut++) mustAgree(bytes, bytes.length, [cut]);
    count += 1;
  }
  expect(count).toBeGreaterThan(25_000);
});

test('bytes behind a character that came in pieces are judged too, however many there are', () => {
  for (const [first, rest, isPossible] of [
    ['e2', '82ac41', true],
    ['e2', '82acff', false],
    ['f09f', '9880f09f9880', true],
    ['f09f', `98${'80'.repeat(5)}`, false],
    ['c3', `a9${'41'.repeat(1_000)}c3`, true],
    ['c3', `a9${'41'.repeat(1_000)}c0`, false],
  ] as const) {
    const check = new Utf8Check();
    expect(check.take(Buffer.from(first, 'hex'))).toBe(true);
    expect([first, rest, check.take(Buffer.from(rest, 'hex'))]).toEqual([first, rest, isPossible]);
  }
});
