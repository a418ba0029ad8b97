import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { Pool } from 'undici';
import { type WebSocket, WebSocketServer } from 'ws';
import { listenOn } from './listen-on.ts';

/**
 * The baseline: a forwarder written by hand with `ws` and an undici `Pool`. It posts the same form to the same URL as
 * the gateway, in order for each socket, and sends the reply. It does not sign, store or check anything.
 */
const base = new URL(process.env['WEBHOOK_BASE_URL'] ?? '');
const key = `Bearer ${process.env['API_KEY']}`;
const app = new Pool(base.origin);
const open = new Map<string, WebSocket>();
const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, clientTracking: false });

async function hook(event: string, path: string, from: string, body = '', code = ''): Promise<string> {
  const empty = { query: '', user: '', state: '', origin: '' };
  const fields = { event, from, body, path, ...empty, code, reason: '', time: String(Date.now()) };
  const answer = await app.request({
    path: `${base.pathname}/${event}${path}`,
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(fields).toString(),
  });
  const content = await answer.body.text();
  if (answer.statusCode !== 200) throw new Error(`The app answered ${answer.statusCode}.`);
  return answer.headers['content-type'] === 'application/vnd.sockethook+json' ? content : '{}';
}

async function relay(socket: WebSocket, path: string, from: string, body: string): Promise<void> {
  const { reply, close } = JSON.parse(await hook('message', path, from, body));
  if (reply !== undefined) socket.send(reply);
  if (close) socket.close();
}

function enter(socket: WebSocket, path: string, from: string): void {
  let last = Promise.resolve();
  open.set(from, socket);
  socket.on('error', () => socket.terminate());
  socket.on('message', (data) => {
    last = last.then(() => relay(socket, path, from, data.toString()));
  });
  socket.on('close', (code) => {
    open.delete(from);
    last.then(() => hook('closed', path, from, '', String(code)));
  });
}

const server = createServer(async (request, response) => {
  if (request.headers.authorization !== key) return response.writeHead(401).end();
  const { sockets, body }: { sockets: string; body: string } = JSON.parse(await text(request));
  const socket = open.get(sockets);
  socket?.send(body);
  const outcome = { delivered: socket ? 1 : 0, gone: socket ? [] : [sockets] };
  const content = JSON.stringify(outcome);
  const headers = { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(content) };
  return response.writeHead(200, headers).end(content);
});
server.on('upgrade', async (request: IncomingMessage, connection, head) => {
  const path = request.url ?? '/';
  const from = randomUUID();
  await hook('handshake', path, from);
  sockets.handleUpgrade(request, connection, head, (socket) => enter(socket, path, from));
});
await listenOn(server, Number(process.env['PORT']));
