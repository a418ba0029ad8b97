import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { type Outcome, readWritten } from './outcome.ts';

/** A connection whose other side is the test. */
class MemoryDuplex extends Duplex {
  readonly written: Buffer[] = [];

  override _read(): void {}

  override _write(bytes: Buffer, _: string, done: () => void): void {
    this.written.push(bytes);
    done();
  }
}

/** What came of a stream; a binary message stands for itself. */
export interface ReferenceOutcome extends Outcome {
  /** The pings of each piece. */
  readonly pings: readonly (readonly string[])[];
}

const upgrade = new IncomingMessage(new Socket());
Object.assign(upgrade, { method: 'GET', url: '/' });
upgrade.headers = {
  upgrade: 'websocket',
  'sec-websocket-version': '13',
  'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
};

/** What `ws` makes of a stream that comes in these pieces. */
export async function reference(chunks: readonly Buffer[], maxBytes: number): Promise<ReferenceOutcome> {
  const server = new WebSocketServer({ noServer: true, maxPayload: maxBytes, perMessageDeflate: false });
  const duplex = new MemoryDuplex();
  let ws: WebSocket | undefined;
  server.handleUpgrade(upgrade, duplex, Buffer.alloc(0), (opened) => {
    ws = opened;
  });
  const texts: string[] = [];
  const pings: string[][] = [];
  let told: Outcome['told'];
  let isBroken = false;
  ws?.on('message', (data) => texts.push(String(data)));
  ws?.on('ping', (data) => pings.at(-1)?.push(data.toString('hex')));
  ws?.on('error', () => {
    isBroken = true;
  });
  ws?.on('close', (code, reason) => {
    if (!isBroken) told = { code, reason: reason.toString() };
  });
  await new Promise(setImmediate);
  duplex.written.length = 0;
  for (const chunk of chunks) {
    pings.push([]);
    duplex.push(Buffer.from(chunk));
  }
  await new Promise(setImmediate);
  const written = readWritten(Buffer.concat(duplex.written));
  if (written.close !== undefined) duplex.push(null);
  await new Promise(setImmediate);
  duplex.destroy();
  return { texts, pings, ...written, told };
}
