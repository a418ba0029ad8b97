import { expect, test } from 'vitest';
import { readClose } from '../../functions/websocket/close-payload.ts';
import { closePayload } from './client-frames.ts';

/** RFC 6455 section 7.4.2 and the registry of IANA: up to where a code may be sent or not, from 0 on. */
const ranges: readonly (readonly [to: number, isSendable: boolean])[] = [
  [999, false],
  [1003, true],
  // Reserved; none; abnormal: not to be set in a frame.
  [1006, false],
  [1014, true],
  // TLS failed: not to be set in a frame either; the rest is not defined.
  [2999, false],
  [4999, true],
  [65_535, false],
];

test('of all 65,536 codes those are taken that may stand in a close frame, the others are 1002', () => {
  let code = 0;
  for (const [to, isSendable] of ranges) {
    for (; code <= to; code++) {
      const read = readClose(closePayload(code, 'why'));
      const outcome = read.ok ? read.value : read.error.code;
      expect(outcome).toEqual(isSendable ? { code, reason: 'why' } : 1002);
      const bare = readClose(closePayload(code));
      expect(bare.ok ? bare.value : bare.error.code).toEqual(isSendable ? { code, reason: '' } : 1002);
    }
  }
  expect(code).toBe(65_536);
});

test('no payload is 1005, and half a code breaks the protocol', () => {
  expect(readClose(Buffer.alloc(0))).toEqual({ ok: true, value: { code: 1005, reason: '' } });
  for (const byte of [0, 3, 255])
    expect(readClose(Buffer.from([byte]))).toMatchObject({ ok: false, error: { code: 1002 } });
});

test.for<[string, string, string | undefined]>([
  ['of several bytes to a character', Buffer.from('tschüß 😀').toString('hex'), 'tschüß 😀'],
  ['with the character that stands for what is none', 'efbfbd', '\ufffd'],
  ['that is no UTF-8', 'ff', undefined],
  ['that is cut within a character', '61e282', undefined],
  ['with half a surrogate pair', 'eda080', undefined],
])('a reason %s', ([, hex, reason]) => {
  const read = readClose(closePayload(1000, Buffer.from(hex, 'hex')));
  expect(read.ok ? read.value.reason : read.error.code).toBe(reason ?? 1007);
});

test('a code that may not be sent counts before a reason that is no UTF-8', () => {
  expect(readClose(closePayload(1005, Buffer.from([0xff])))).toMatchObject({ error: { code: 1002 } });
});
