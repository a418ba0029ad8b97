import { createServer } from 'node:http';
import type { Duplex } from 'node:stream';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocketServer } from 'ws';
import { textFrame } from '../../functions/websocket/frames.ts';
import { portOf } from '../contract/ports/port-of.ts';
import { type Client, connect } from '../support/client.ts';

const server = createServer();
const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });
let connection: Duplex;
let client: Client;
beforeAll(async () => {
  server.on('upgrade', (request, upgraded, head) => {
    connection = upgraded;
    sockets.handleUpgrade(request, upgraded, head, () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  client = await connect(`ws://127.0.0.1:${portOf(server)}/`);
});
afterAll(async () => {
  client.ws.terminate();
  await new Promise((resolve) => server.close(resolve));
});

/** What a client reads from a frame. */
function read(frame: Buffer): Promise<string> {
  connection.write(frame);
  return client.next();
}

test.for([0, 1, 125, 126, 127, 65_535, 65_536, 131_072])(
  'a text of %i bytes is read as it was written, from a frame of the shortest length form',
  async (bytes) => {
    const text = 'x'.repeat(bytes);
    const frame = textFrame(text);
    expect((await read(frame)) === text).toBe(true);
    expect(frame.length - bytes).toBe(bytes < 126 ? 2 : bytes < 65_536 ? 4 : 10);
  },
);

test.for(['😀'.repeat(40), 'ü', '\0', '\ufeffbom'])('%j keeps its characters', async (text) => {
  expect(await read(textFrame(text))).toBe(text);
});

test('half a surrogate pair becomes a replacement character, so that the frame is UTF-8', async () => {
  expect(await read(textFrame('a\ud800b'))).toBe('a\ufffdb');
});
