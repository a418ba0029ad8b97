import { describe, expect, test } from 'vitest';
import { problem } from '../../functions/wire/problems.ts';
import {
  keepRefusalHeader,
  type RefusalHeader,
  refusalHeaders,
} from '../../functions/wire/refusal-headers.ts';

const byApp = (status: number) => problem('refused_by_app', { status });
const realm = 'Bearer realm="sockethook"';

describe('a refusal', () => {
  test.for<[number, RefusalHeader[]]>([
    [400, []],
    [401, [['WWW-Authenticate', realm]]],
    [403, []],
    [404, []],
    [405, [['Allow', 'GET']]],
    [407, [['Proxy-Authenticate', realm]]],
    [
      426,
      [
        ['Upgrade', 'websocket'],
        ['Connection', 'Upgrade'],
      ],
    ],
    [429, []],
    [502, []],
  ])('with %i has what its status demands, though the app says nothing', ([status, headers]) => {
    expect(refusalHeaders(byApp(status))).toEqual(headers);
  });

  const said: RefusalHeader[] = [
    ['WWW-Authenticate', 'Basic realm="a"'],
    ['Retry-After', '7'],
    ['WWW-Authenticate', 'Digest realm="b"'],
    ['Proxy-Authenticate', 'Basic realm="c"'],
    ['Allow', 'POST'],
    ['Upgrade', 'h2c'],
    ['Retry-After', '8'],
  ];
  const again: RefusalHeader = ['Retry-After', '7'];

  test.for<[number, RefusalHeader[]]>([
    [400, [again]],
    [401, [['WWW-Authenticate', 'Basic realm="a"'], ['WWW-Authenticate', 'Digest realm="b"'], again]],
    [405, [['Allow', 'POST'], again]],
    [407, [['Proxy-Authenticate', 'Basic realm="c"'], again]],
    [426, [['Upgrade', 'h2c'], ['Connection', 'Upgrade'], again]],
    [429, [again]],
    [502, [again]],
    [302, []],
    [101, []],
  ])('with %i says of what the app says what belongs to it', ([status, headers]) => {
    expect(refusalHeaders(byApp(status), said)).toEqual(headers);
  });

  test('of our own says how to come in, or when', () => {
    expect(refusalHeaders(problem('ticket_required'))).toEqual([['WWW-Authenticate', realm]]);
    const invalid = `${realm}, error="invalid_token"`;
    expect(refusalHeaders(problem('invalid_ticket'))).toEqual([['WWW-Authenticate', invalid]]);
    expect(refusalHeaders(problem('shutting_down'))).toEqual([['Retry-After', '5']]);
  });
});

test('what the app says is kept up to 1,024 bytes and 8 headers, and only if it can stand on the wire', () => {
  const kept: RefusalHeader[] = [];
  for (const value of ['', 'a\r\nX-Evil: 1', 'a\0', 'a\x7f', 'Ł', 'x'.repeat(1_025)])
    keepRefusalHeader(kept, 'Allow', value);
  expect(kept).toEqual([]);
  for (const value of ['x'.repeat(1_024), 'caf\xe9\t', '3', '4', '5', '6', '7', '8', '9'])
    keepRefusalHeader(kept, 'Allow', value);
  expect(kept).toHaveLength(8);
});
