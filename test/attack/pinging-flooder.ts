import { connect, type Socket } from 'node:net';
import { upgradeRequest } from '../support/raw.ts';
import { clientFrame } from './frames.ts';

/** What one run has seen. */
export interface Seen {
  /** How many pings were answered, and the longest time that one took, in milliseconds. */
  answered: number;
  slowest: number;
  /** How many pings were not answered although their clients had little waiting. */
  unanswered: number;
  /** How many clients were closed with 1013. */
  refused: number;
}

/**
 * A process of its own: `pinging-flooder.ts PORT CLIENTS BYTES WEIGHT`. Each client sends messages of so many bytes, with a
 * ping after some, and goes on when that is answered. Before its messages would exceed this weight, it begins to flood.
 * Prints what it has seen each second, a line of JSON, until it is ended.
 */
const [port = 0, clients = 0, bytes = 0, weight = 0] = process.argv.slice(2).map(Number);
const frame = clientFrame(1, Buffer.alloc(bytes, 'x'));
const perPing = Math.max(1, Math.floor(2_048 / (bytes + 256)));
const step = Buffer.concat([
  ...Array.from({ length: perPing }, () => frame),
  clientFrame(9, Buffer.from('p')),
]);
const part = Buffer.concat(Array.from({ length: Math.ceil(65_536 / frame.length) }, () => frame));
const pong = Buffer.from([0x8a, 1, 'p'.charCodeAt(0)]);
const tryAgainLater = Buffer.from([0x03, 0xf5]);
const seen: Seen = { answered: 0, slowest: 0, unanswered: 0, refused: 0 };
/** When the pings were sent that are not answered yet. */
const waiting = new Map<Socket, number>();

function enter(): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  socket.write(upgradeRequest('/silent'));
  return new Promise((resolve) => socket.once('data', () => resolve(socket)));
}

function begin(socket: Socket): void {
  let sent = 0;
  const flood = (): void => {
    while (socket.writable && socket.write(part)) {}
  };
  const goOn = (): void => {
    sent += perPing * (bytes + 256);
    if (sent > weight) {
      socket.on('drain', flood);
      flood();
      return;
    }
    waiting.set(socket, performance.now());
    socket.write(step);
  };
  socket.on('data', (data: Buffer) => {
    if (data.includes(tryAgainLater)) seen.refused += 1;
    const since = waiting.get(socket);
    if (since === undefined || !data.includes(pong)) return;
    waiting.delete(socket);
    seen.answered += 1;
    seen.slowest = Math.max(seen.slowest, performance.now() - since);
    goOn();
  });
  goOn();
}

const sockets: Socket[] = [];
while (sockets.length < clients) sockets.push(...(await Promise.all(Array.from({ length: 50 }, enter))));
for (const socket of sockets) begin(socket);
setInterval(() => {
  const now = performance.now();
  const late = Math.max(0, ...[...waiting.values()].map((since) => now - since));
  seen.unanswered = waiting.size;
  process.stdout.write(`${JSON.stringify({ ...seen, slowest: Math.max(seen.slowest, late) })}\n`);
}, 1_000);
