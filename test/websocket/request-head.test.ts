import { expect, test } from 'vitest';
import { listOf, parseRequestHead, valuesOf } from '../../functions/websocket/request-head.ts';
import { readRequestTarget } from '../../functions/websocket/request-target.ts';
import { checkUpgrade, isWebSocketUpgrade } from '../../functions/websocket/upgrade-check.ts';

const headOf = (...lines: readonly string[]) => {
  const head = parseRequestHead(lines.join('\r\n'));
  if (head === undefined) throw new Error('no head');
  return head;
};

test('a head has its method, its target, its version, and its fields in the order in which they came', () => {
  expect(headOf('GET /a?b HTTP/1.1', 'Host: x', 'A:1', 'a:  2\t', 'B:', 'C: a: b, c ', 'Host: y')).toEqual({
    method: 'GET',
    target: '/a?b',
    isNew: true,
    fields: ['Host', 'x', 'A', '1', 'a', '2', 'B', '', 'C', 'a: b, c', 'Host', 'y'],
  });
  expect(headOf('OPTIONS * HTTP/1.0')).toEqual({ method: 'OPTIONS', target: '*', isNew: false, fields: [] });
  expect(headOf("M-$!'~ http://h/x HTTP/1.9").method).toBe("M-$!'~");
});

test.for<[string, string]>([
  ['Citt\u00c3\u00a0', 'the last byte of à in UTF-8, a space in latin1'],
  ['\u00a0x\u00a0', 'such a byte on both sides'],
  ['\u00ef\u00bb\u00bfx', 'a mark of the byte order'],
  ['\u0085x\u0085', 'a control character of latin1'],
  ['a\tb  c', 'spaces within'],
])('a value keeps its bytes: %j', ([value]) => {
  expect(headOf('GET / HTTP/1.1', `X: \t ${value} \t`).fields).toEqual(['X', value]);
  expect(listOf(headOf('GET / HTTP/1.1', `X: b , ${value} , c`), 'x')).toEqual(['b', value, 'c']);
});

test('a target keeps its bytes, whatever they are in latin1', () => {
  expect(headOf('GET /citt\u00c3\u00a0 HTTP/1.1').target).toBe('/citt\u00c3\u00a0');
});

test.for<[string, string]>([
  ['nothing', ''],
  ['no target', 'GET  HTTP/1.1'],
  ['no version', 'GET /'],
  ['two spaces', 'GET  / HTTP/1.1'],
  ['a tab', 'GET\t/ HTTP/1.1'],
  ['a space behind', 'GET / HTTP/1.1 '],
  ['a space in the target', 'GET /a b HTTP/1.1'],
  ['a method that is no token', 'G(T / HTTP/1.1'],
  ['another version', 'GET / HTTP/2.0'],
  ['another protocol', 'GET / RTSP/1.0'],
  ['a version in small letters', 'GET / http/1.1'],
  ['a version of two digits', 'GET / HTTP/1.10'],
  ['a line without a colon', 'GET / HTTP/1.1\r\nHost'],
  ['a line without a colon before one with', 'GET / HTTP/1.1\r\nHost\r\nA: b'],
  ['no name', 'GET / HTTP/1.1\r\n: x'],
  ['a space before the colon', 'GET / HTTP/1.1\r\nHost : x'],
  ['a space before the name', 'GET / HTTP/1.1\r\n Host: x'],
  ['a folded line', 'GET / HTTP/1.1\r\nA: b\r\n c: d'],
  ['a name that is no token', 'GET / HTTP/1.1\r\nA(B): x'],
  ['a name that is not ASCII', 'GET / HTTP/1.1\r\nÄ: x'],
  ['an empty line', 'GET / HTTP/1.1\r\n\r\nA: b'],
  ['a zero', 'GET / HTTP/1.1\r\nA: \0'],
  ['a control character', 'GET / HTTP/1.1\r\nA: \x1b[0m'],
  ['a delete', 'GET / HTTP/1.1\r\nA: \x7f'],
  ['a line feed alone', 'GET / HTTP/1.1\r\nA: b\nC: d'],
  ['a carriage return alone', 'GET / HTTP/1.1\r\nA: b\rC: d'],
  ['a carriage return at the end', 'GET / HTTP/1.1\r\nA: b\r'],
  ['a control character in the target', 'GET /\x01 HTTP/1.1'],
])('a head with %s is none', ([, text]) => {
  expect(parseRequestHead(text)).toBeUndefined();
});

test('values are found by their name in any case, and lists are those of all lines', () => {
  const head = headOf('GET / HTTP/1.1', 'A: 1, ,2', 'AB: no', 'a:', 'A: ,3 ,', 'B: no');
  expect(valuesOf(head, 'a')).toEqual(['1, ,2', '', ',3 ,']);
  expect(listOf(head, 'a')).toEqual(['1', '2', '3']);
  expect(valuesOf(head, 'c')).toEqual([]);
});

test.for<[boolean, ...string[]]>([
  [true, 'Upgrade: websocket', 'Connection: Upgrade'],
  [true, 'upgrade: WebSocket', 'connection: keep-alive, UPGRADE'],
  [true, 'Upgrade: h2c, websocket', 'Connection: Upgrade, HTTP2-Settings'],
  [true, 'Upgrade: websocket, h2c', 'Connection: upgrade'],
  [true, 'Upgrade: h2c', 'Upgrade: websocket', 'Connection: keep-alive', 'Connection: Upgrade'],
  [true, 'Upgrade: ,websocket,', 'Connection: ,Upgrade,'],
  [false, 'Upgrade: h2c', 'Connection: Upgrade'],
  [false, 'Upgrade: websocket'],
  [false, 'Connection: Upgrade'],
  [false, 'Upgrade: websocket', 'Connection: keep-alive'],
  [false, 'Upgrade: websocket', 'Connection: upgraded'],
  [false, 'Upgrade: websocket2', 'Connection: Upgrade'],
  [false, 'Upgrade: websocket/13', 'Connection: Upgrade'],
  [false, 'X-Upgrade: websocket', 'Connection: Upgrade'],
])('%s: what asks for a WebSocket by %j', ([asks, ...lines]) => {
  expect(isWebSocketUpgrade(headOf('GET / HTTP/1.1', 'Host: x', ...lines))).toBe(asks);
});

test.for<[string, string, string | undefined]>([
  ['/a?b', '/a?b', undefined],
  ['//a', '//a', undefined],
  ['*', '*', undefined],
  ['a', 'a', undefined],
  ['http://h/a?b', '/a?b', 'h'],
  ['HTTP://H:80/a', '/a', 'H:80'],
  ['https://[::1]:8080/', '/', '[::1]:8080'],
  ['ws://h', '/', 'h'],
  ['wss://h?x=/', '/?x=/', 'h'],
  ['http://h#a', '/#a', 'h'],
  ['http://u@h/', '/', 'u@h'],
  ['http:///a', '/a', ''],
  ['ftp://h/a', 'ftp://h/a', undefined],
  ['http:/a', 'http:/a', undefined],
  ['h:443', 'h:443', undefined],
])('%s is for %s, at the host %s', ([target, path, authority]) => {
  expect(readRequestTarget(target)).toEqual({ target: path, authority });
});

const key = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==';
const version = 'Sec-WebSocket-Version: 13';
const right = ['Host: x', key, version];
const without = (name: string): string[] => right.filter((line) => !line.startsWith(name));
const line = 'GET / HTTP/1.1';

test.for<[string, string | undefined | true, ...string[]]>([
  ['as it should be', undefined, line, ...right],
  ['a host with a port', undefined, line, ...without('Host'), 'Host: a.example:8080'],
  ['a host that is an address', undefined, line, ...without('Host'), 'Host: [::1]:8080'],
  ['an empty host', undefined, line, ...without('Host'), 'Host:'],
  ['no host', 'Host', line, ...without('Host')],
  ['two hosts', 'Host', line, ...right, 'Host: y'],
  ['the same host twice', 'Host', line, ...right, 'host: x'],
  ['a host with a space', 'Host', line, ...without('Host'), 'Host: a b'],
  ['a list of hosts', 'Host', line, ...without('Host'), 'Host: a, b'],
  ['a host with a path', 'Host', line, ...without('Host'), 'Host: a/b'],
  ['a host with a name before it', 'Host', line, ...without('Host'), 'Host: a@b'],
  ['a port that is none', 'Host', line, ...without('Host'), 'Host: a:b'],
  ['no host, in HTTP/1.0', undefined, 'GET / HTTP/1.0', ...without('Host')],
  ['a host, in HTTP/1.0', undefined, 'GET / HTTP/1.0', ...right],
  ['two hosts, in HTTP/1.0', 'Host', 'GET / HTTP/1.0', ...right, 'Host: y'],
  ['a whole URL', undefined, 'GET http://a.example:80/ HTTP/1.1', ...right],
  ['a whole URL, and no host', 'Host', 'GET http://a.example/ HTTP/1.1', ...without('Host')],
  ['a whole URL without a host', true, 'GET http:///a HTTP/1.1', ...right],
  ['a whole URL with a port alone', true, 'GET http://:80/a HTTP/1.1', ...right],
  ['a whole URL with a name before its host', true, 'GET http://x@evil.example/ HTTP/1.1', ...right],
  ['another method', true, 'POST / HTTP/1.1', ...right],
  ['a body of nothing', undefined, line, ...right, 'Content-Length: 0'],
  ['a body', 'Content-Length', line, ...right, 'Content-Length: 1'],
  ['a length that is none', 'Content-Length', line, ...right, 'Content-Length: x'],
  ['an empty length', 'Content-Length', line, ...right, 'Content-Length:'],
  [
    'two lengths, one of them not zero',
    'Content-Length',
    line,
    ...right,
    'Content-Length: 0',
    'Content-Length: 5',
  ],
  ['a body in chunks', 'Content-Length', line, ...right, 'Transfer-Encoding: chunked'],
  ['no version', 'Sec-WebSocket-Version', line, ...without('Sec-WebSocket-V')],
  [
    'another version',
    'Sec-WebSocket-Version',
    line,
    ...without('Sec-WebSocket-V'),
    'Sec-WebSocket-Version: 8',
  ],
  ['two versions', 'Sec-WebSocket-Version', line, ...right, version],
  ['no key', 'Sec-WebSocket-Key', line, ...without('Sec-WebSocket-K')],
  ['two keys', 'Sec-WebSocket-Key', line, ...right, key],
  [
    'a key of 15 bytes',
    'Sec-WebSocket-Key',
    line,
    ...without('Sec-WebSocket-K'),
    'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAA',
  ],
  [
    'a key of 17 bytes',
    'Sec-WebSocket-Key',
    line,
    ...without('Sec-WebSocket-K'),
    `Sec-WebSocket-Key: ${'A'.repeat(23)}=`,
  ],
  ['subprotocols', undefined, line, ...right, 'Sec-WebSocket-Protocol: a, b', 'Sec-WebSocket-Protocol: c'],
  ['subprotocols with an empty one', undefined, line, ...right, 'Sec-WebSocket-Protocol: a,,b'],
  ['no subprotocol in a list', 'Sec-WebSocket-Protocol', line, ...right, 'Sec-WebSocket-Protocol: ,'],
  [
    'a subprotocol twice',
    'Sec-WebSocket-Protocol',
    line,
    ...right,
    'Sec-WebSocket-Protocol: a, b',
    'Sec-WebSocket-Protocol: a',
  ],
  ['a subprotocol that is no token', 'Sec-WebSocket-Protocol', line, ...right, 'Sec-WebSocket-Protocol: a b'],
])('an upgrade with %s: the fault is of %s', ([, field, ...lines]) => {
  const error = checkUpgrade(headOf(...lines));
  expect(error === undefined ? undefined : (error.field ?? true)).toBe(field);
});
