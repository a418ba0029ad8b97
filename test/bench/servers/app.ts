import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { answer } from '../measure/questions.ts';
import { listenOn } from './listen-on.ts';

const actionsType = 'application/vnd.sockethook+json';
const agent = new Agent({ keepAlive: true });

/**
 * The app of all subjects, as small as an app can be. It accepts every client, and answers a message with the same
 * text. The first segment of the path says how: `/reply/` in the answer, `/send/{port}/` by a call of `POST /send` on
 * that port, `/silence/` not at all, `/nchan/` and `/pushpin/` as these servers expect it. A client at `/bench/member`
 * joins a group, and one at `/bench/mover` moves to another with every message.
 */
const server = createServer((incoming, response) => {
  const chunks: Buffer[] = [];
  incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
  incoming.on('end', () => respond(incoming, response, Buffer.concat(chunks).toString()));
});
server.keepAliveTimeout = 60_000;

function respond({ url = '' }: IncomingMessage, response: ServerResponse, body: string): void {
  const [, way, port] = url.split('/', 3);
  const isMessage = url.includes('/message');
  if (way === 'nchan') end(response, 'text/plain', isMessage ? body : '');
  else if (way === 'pushpin') end(response, 'application/websocket-events', echoEvents(body));
  else if (url.endsWith('/handshake/bench/member')) end(response, actionsType, '{"join":["bench"]}');
  else if (!isMessage) end(response, 'text/plain', '');
  else if (way === 'silence') return;
  else if (url.endsWith('/bench/mover')) end(response, actionsType, JSON.stringify(move(body)));
  else if (way === 'reply') end(response, actionsType, JSON.stringify({ reply: field(body, 'body') }));
  else {
    const message = { sockets: field(body, 'from'), body: field(body, 'body') };
    send(Number(port), message, () => end(response, 'text/plain', ''));
  }
}

/** A reply, and a change from one of two rooms to the other. */
function move(body: string) {
  const [join, leave] = field(body, 'groups') === '["room:1"]' ? ['room:2', 'room:1'] : ['room:1', 'room:2'];
  return { join: [join], leave: [leave], reply: field(body, 'body') };
}

function end(response: ServerResponse, contentType: string, body: string): void {
  response.writeHead(200, { 'Content-Type': contentType, 'Content-Length': Buffer.byteLength(body) });
  response.end(body);
}

/** Reads a form field by hand: the app's own cost is the same for all subjects, and should be small. */
function field(form: string, name: string): string {
  const from = form.indexOf(`&${name}=`) + name.length + 2;
  const to = form.indexOf('&', from);
  return decodeURIComponent(form.slice(from, to < 0 ? undefined : to));
}

function send(
  port: number,
  message: { readonly sockets: string; readonly body: string },
  done: () => void,
): void {
  const body = JSON.stringify(message);
  const headers = {
    Authorization: `Bearer ${process.env['API_KEY']}`,
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(body),
  };
  const call = request(
    { host: '127.0.0.1', port, path: '/send', method: 'POST', agent, headers },
    (answered) => {
      if (answered.statusCode !== 200) throw new Error(`POST /send answered ${answered.statusCode}.`);
      answered.resume();
      answered.on('end', done);
    },
  );
  // A server may close a kept connection just as it is used again.
  call.on('error', (error) => {
    if (!call.reusedSocket) throw error;
    send(port, message, done);
  });
  call.end(body);
}

/** Pushpin's WebSocket-over-HTTP: `OPEN` is accepted with `OPEN`, and a text is answered with the same text. */
function echoEvents(events: string): string {
  return events.startsWith('OPEN') ? 'OPEN\r\n' : events;
}

const port = listenOn(server, 0);
answer({ port: () => port });
