import { WebSocketConnection } from '../../../functions/websocket/web-socket-connection.ts';
import type { WebSocketListener } from '../../../functions/websocket/web-socket-listener.ts';
import { MemoryTransport } from '../../fakes/memory-transport.ts';
import { type Outcome, readWritten } from './outcome.ts';
import type { Random } from './random.ts';

type How = { readonly code: number; readonly reason: string };

/** Hears a WebSocket, and pauses it as it was told to. */
class Ears implements WebSocketListener {
  readonly texts: string[] = [];
  readonly ends: How[] = [];
  heldBytes = 0;
  pause: () => void = () => {};

  message(body: string, bytes: number): void {
    if (Buffer.byteLength(body) !== bytes) throw new Error(`${body} has not ${bytes} bytes`);
    if (this.ends.length > 0) throw new Error('a text behind the end');
    this.texts.push(body);
    this.pause();
  }

  held(bytes: number): void {
    this.heldBytes += bytes;
  }

  alive(): void {}

  ended({ code, reason }: How): void {
    this.ends.push({ code, reason });
  }

  closed(): void {}
}

/** What our side makes of a stream that comes in these pieces; given a `pausing`, it is paused and resumed at times. */
export function ours(chunks: readonly Buffer[], maxBytes: number, pausing: Random | undefined): Outcome {
  const transport = new MemoryTransport();
  const ears = new Ears();
  const connection = new WebSocketConnection(transport, maxBytes, undefined);
  if (pausing !== undefined) ears.pause = () => pausing.oneIn(3) && connection.pause();
  connection.start(ears);
  for (const chunk of chunks) {
    transport.arrive(chunk);
    while (pausing?.oneIn(2) === true) connection.resume();
  }
  for (let turn = 0; transport.isPaused && turn < 1_000; turn++) connection.resume();
  const { pongs, close } = readWritten(transport.sent());
  const [end] = ears.ends;
  if (close !== undefined && ears.heldBytes !== 0)
    throw new Error(`holds ${ears.heldBytes} bytes at its end`);
  if (ears.ends.length > 1) throw new Error('ended twice');
  // What the client is told and what the app is told are one.
  if (end?.code !== close) throw new Error(`the client gets ${close}, the app ${end?.code}`);
  connection.destroy();
  if (ears.ends.length !== 1) throw new Error(`ended ${ears.ends.length} times`);
  return { texts: ears.texts, pongs, close, told: end };
}
