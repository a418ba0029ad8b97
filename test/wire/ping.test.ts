import { expect, test } from 'vitest';
import { isPing, pingFrame } from '../../functions/wire/ping.ts';

test('the ping frame is a ping, to the byte that clients send', () => {
  expect(pingFrame).toBe('{"sockethook":"ping"}');
  expect(isPing(pingFrame)).toBe(true);
});

test.for([' { "sockethook" : "ping" } ', '{"sockethook":"ping","at":1}', '{"at":1,"sockethook":"ping"}'])(
  '%j is a ping however it is written',
  (text) => {
    expect(isPing(text)).toBe(true);
  },
);

test.for([
  ...['', 'ping', '"ping"', '"sockethook"', 'null', '{}', '["sockethook","ping"]', '[{"sockethook":"ping"}]'],
  ...['{"sockethook":"pong"}', '{"sockethook":true}', '{"sockethook":["ping"]}', '{"Sockethook":"ping"}'],
  ...['{"a":{"sockethook":"ping"}}', '{"sockethook":"ping"', '{"sockethook":"ping"} x', '{"x":"sockethook"}'],
])('%j is a message, not a ping', (text) => {
  expect(isPing(text)).toBe(false);
});
