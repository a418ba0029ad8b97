import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { upgradeRequest } from '../support/raw.ts';
import { clientFrame } from './frames.ts';

/** What one run has seen. */
export interface Seen {
  /**
   * How many pings were answered, and the longest time that one took, in milliseconds. The time does not count in which
   * other programs had the processors, and this one or the gateway waited for one.
   */
  answered: number;
  slowest: number;
  /** How many pings were not answered although their clients had little waiting. */
  unanswered: number;
}

/**
 * A process of its own: `pinging-flooder.ts PORT CLIENTS BYTES WEIGHT PID`. Each client sends messages of this many
 * bytes to the gateway, which has this process id. It sends a ping after some, and goes on when that is answered.
 * Before its messages would exceed this weight, it begins to flood. Prints what it has seen each second, a line of
 * JSON, until it is ended.
 */
const [port = 0, clients = 0, bytes = 0, weight = 0, gateway = 0] = process.argv.slice(2).map(Number);
const frame = clientFrame(1, Buffer.alloc(bytes, 'x'));
const perPing = Math.max(1, Math.floor(2_048 / (bytes + 256)));
const step = Buffer.concat([
  ...Array.from({ length: perPing }, () => frame),
  clientFrame(9, Buffer.from('p')),
]);
const part = Buffer.concat(Array.from({ length: Math.ceil(65_536 / frame.length) }, () => frame));
const pong = Buffer.from([0x8a, 1, 'p'.charCodeAt(0)]);
const seen: Seen = { answered: 0, slowest: 0, unanswered: 0 };
/** When the pings were sent that are not answered yet. */
const waiting = new Map<Socket, Moment>();

/** A time, and how long this program and the gateway had waited for a processor by then, in milliseconds. */
interface Moment {
  readonly time: number;
  readonly waits: readonly number[];
}

let lastMoment: Moment = { time: Number.NEGATIVE_INFINITY, waits: [] };

/** Now, or a few milliseconds ago. */
function moment(): Moment {
  const time = performance.now();
  if (time - lastMoment.time < 5) return lastMoment;
  // The second number is the time on the run queue, in ns (kernel.org, Documentation/scheduler/sched-stats.rst).
  const waits = ['self', gateway].map((pid) => {
    const [, wait = ''] = readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ');
    return Number(wait) / 1_000_000;
  });
  lastMoment = { time, waits };
  return lastMoment;
}

/** How long it took from a moment until now, without the time that was lost to other programs. */
function took({ time, waits }: Moment): number {
  const now = moment();
  const lost = now.waits.map((wait, at) => wait - (waits[at] ?? wait));
  return now.time - time - Math.max(...lost);
}

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
    waiting.set(socket, moment());
    socket.write(step);
  };
  socket.on('data', (data: Buffer) => {
    const since = waiting.get(socket);
    if (since === undefined || !data.includes(pong)) return;
    waiting.delete(socket);
    seen.answered += 1;
    seen.slowest = Math.max(seen.slowest, took(since));
    goOn();
  });
  goOn();
}

const sockets: Socket[] = [];
while (sockets.length < clients) sockets.push(...(await Promise.all(Array.from({ length: 50 }, enter))));
for (const socket of sockets) begin(socket);
setInterval(() => {
  const late = Math.max(0, ...[...waiting.values()].map(took));
  seen.unanswered = waiting.size;
  process.stdout.write(`${JSON.stringify({ ...seen, slowest: Math.max(seen.slowest, late) })}\n`);
}, 1_000);
