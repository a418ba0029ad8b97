import { connect } from 'node:net';
import { upgradeRequest } from '../support/raw.ts';
import { clientFrame } from './frames.ts';

/** A process of its own, which floods: `flooder.ts PORT CLIENTS BYTES` says `in` once all are, and goes on until it is ended. */
const [port, clients, bytes] = process.argv.slice(2).map(Number);
const frame = clientFrame(1, Buffer.alloc(bytes ?? 0, 'x'));
const part = Buffer.concat(Array.from({ length: Math.ceil(65_536 / frame.length) }, () => frame));
const floods: (() => void)[] = [];

function enter(): Promise<void> {
  const socket = connect(port ?? 0, '127.0.0.1');
  socket.on('error', () => {});
  socket.write(upgradeRequest('/silent'));
  const flood = (): void => {
    while (socket.writable && socket.write(part)) {}
  };
  floods.push(() => {
    socket.on('drain', flood);
    flood();
  });
  return new Promise((resolve) => socket.once('data', () => resolve()));
}

for (let number = 0; number < (clients ?? 0); number += 50)
  await Promise.all(Array.from({ length: 50 }, enter));
process.stdout.write('in\n');
for (const flood of floods) flood();
