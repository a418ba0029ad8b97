import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { Receiver, type ReceiverListener } from '../../functions/websocket/receiver.ts';
import { WebSocketConnection } from '../../functions/websocket/web-socket-connection.ts';
import type { WebSocketListener } from '../../functions/websocket/web-socket-listener.ts';
import { HeardFrames } from '../fakes/heard-frames.ts';
import { MemoryTransport } from '../fakes/memory-transport.ts';
import { clientFrame, close, fragments, pieces, ping, text } from './client-frames.ts';
import { readServerFrames } from './server-frames.ts';

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

/** Hears nothing. */
const deaf: ReceiverListener = { text: () => true, ping() {}, pong() {}, closing() {}, violation() {} };

/** Takes all bytes, with a stop behind each text, at which the place must be the end of a frame; how many stops. */
function takeByStops(receiver: Receiver, bytes: Buffer, ends: ReadonlySet<number>): number {
  let at = 0;
  let stops = 0;
  while (at < bytes.length) {
    at = receiver.take(bytes, at);
    if (at === bytes.length) break;
    stops += 1;
    if (!ends.has(at)) throw new Error(`stopped at ${at}, within a frame`);
  }
  return stops;
}

/** Where each of these frames ends. */
function endsOf(frames: readonly Buffer[]): Set<number> {
  let at = 0;
  return new Set(
    frames.map((frame) => {
      at += frame.length;
      return at;
    }),
  );
}

test('of 10,922 empty frames in one read each is taken alone, if no more is wanted behind it', () => {
  const frames = Array.from({ length: 10_922 }, (_, at) => clientFrame({ opcode: 1, key: at * 7_919 }));
  const heard = new HeardFrames();
  heard.isWanted = false;
  const bytes = Buffer.concat(frames);
  expect(bytes.length).toBeLessThan(65_536);
  const receiver = new Receiver(heard, 131_072);
  let at = 0;
  for (let count = 1; count <= frames.length; count++) {
    at = receiver.take(bytes, at);
    if (at !== count * 6 || heard.heard.length !== count) throw new Error(`${count}: ${at}`);
  }
  expect(at).toBe(bytes.length);
  expect(receiver.held).toBe(0);
});

test('a receiver stops behind a text and nowhere else, and goes on with no byte lost or doubled', () => {
  const frames = [
    ...[text('one'), text(''), ping('p'), ...fragments(['€', '', 'b']), text('x'.repeat(300))],
    ...[ping(), text('last'), text('€'.repeat(50)), ping('q'), close(1000, 'bye')],
  ];
  const bytes = Buffer.concat(frames);
  const all = new HeardFrames();
  new Receiver(all, 1_000).take(Buffer.from(bytes), 0);
  expect(all.heard).toHaveLength(10);
  const ends = endsOf(frames);
  for (let cut = 0; cut <= bytes.length; cut++) {
    const heard = new HeardFrames();
    heard.isWanted = false;
    const receiver = new Receiver(heard, 1_000);
    const stops = takeByStops(receiver, Buffer.from(bytes.subarray(0, cut)), ends);
    const more = takeByStops(
      receiver,
      Buffer.from(bytes.subarray(cut)),
      new Set([...ends].map((at) => at - cut)),
    );
    expect(heard.heard).toEqual(all.heard);
    // Not where a text ends with what was read, which is where both stop anyway.
    expect(stops + more).toBeGreaterThanOrEqual(5);
  }
});

test('what a text holds is at most twice what has come of it, in parts of any size', () => {
  for (const size of [1, 2, 3, 7, 64, 1_000, 4_096]) {
    const receiver = new Receiver(new HeardFrames(), 131_072);
    let came = 0;
    for (let part = 0; came + size <= 20_000; part++) {
      const opcode = part === 0 ? 1 : 0;
      receiver.take(clientFrame({ opcode, isFinal: false, payload: 'x'.repeat(size) }), 0);
      came += size;
      if (receiver.held < came || receiver.held > 2 * came)
        throw new Error(`parts of ${size}: ${receiver.held} for ${came}`);
    }
    receiver.take(clientFrame({ opcode: 0 }), 0);
    expect(receiver.held).toBe(0);
  }
});

test('a head that promises much holds nothing, and empty parts hold nothing, however many', () => {
  const receiver = new Receiver(new HeardFrames(), 16_777_216);
  receiver.take(clientFrame({ opcode: 1, length: 16_777_216n }), 0);
  expect(receiver.held).toBe(0);
  receiver.take(Buffer.from('x'), 0);
  expect(receiver.held).toBeLessThanOrEqual(2);
  const parted = new Receiver(new HeardFrames(), 16_777_216);
  parted.take(clientFrame({ opcode: 1, isFinal: false }), 0);
  for (let part = 0; part < 10_000; part++) parted.take(clientFrame({ opcode: 0, isFinal: false }), 0);
  expect(parted.held).toBe(0);
});

test('parts of one byte among reads full of pings leave no read alive', async () => {
  const filler = Buffer.concat(Array.from({ length: 10_000 }, () => ping()));
  const receiver = new Receiver({ ...deaf }, 131_072);
  const reads: WeakRef<ArrayBufferLike>[] = [];
  for (let part = 0; part < 100; part++) {
    const own = clientFrame({ opcode: part === 0 ? 1 : 0, isFinal: false, payload: 'x' });
    // The first bytes of the next head are kept too.
    const bytes = Buffer.from(new ArrayBuffer(filler.length + own.length + 1));
    filler.copy(bytes, own.copy(bytes));
    bytes[bytes.length - 1] = 0x89;
    reads.push(new WeakRef(bytes.buffer));
    receiver.take(bytes, 0);
    receiver.take(ping().subarray(1), 0);
  }
  expect(receiver.held).toBeLessThanOrEqual(200);
  await new Promise(setImmediate);
  collectGarbage();
  expect(reads.filter((read) => read.deref() !== undefined).length).toBeLessThan(5);
  expect(receiver.held).toBeGreaterThan(0);
});

/** Hears texts, and pauses its connection after each as it was told to. */
class Pausing implements WebSocketListener {
  readonly texts: string[] = [];
  readonly ends: number[] = [];
  readonly #pauses: () => boolean;
  heldBytes = 0;
  connection: WebSocketConnection | undefined;

  constructor(pauses: () => boolean) {
    this.#pauses = pauses;
  }

  message(body: string): void {
    this.texts.push(body);
    if (this.#pauses()) this.connection?.pause();
  }

  held(bytes: number): void {
    this.heldBytes += bytes;
  }

  alive(): void {}

  ended({ code }: { code: number }): void {
    this.ends.push(code);
  }

  closed(): void {}
}

/** A connection over a transport of memory. */
function connected(pauses: () => boolean, early?: Buffer) {
  const transport = new MemoryTransport();
  const listener = new Pausing(pauses);
  const connection = new WebSocketConnection(transport, 131_072, early);
  listener.connection = connection;
  connection.start(listener);
  return { transport, listener, connection };
}

test('a connection that is paused behind each text hands over all of them, one for each resumption', () => {
  const count = 10_922;
  const bytes = Buffer.concat(Array.from({ length: count }, () => clientFrame({ opcode: 1 })));
  const { transport, listener, connection } = connected(() => true);
  transport.arrive(bytes);
  for (let taken = 1; taken < count; taken++) {
    if (listener.texts.length !== taken) throw new Error(`${listener.texts.length} for ${taken}`);
    if (!transport.isPaused || listener.heldBytes !== (count - taken) * 6)
      throw new Error(`held ${listener.heldBytes}`);
    connection.resume();
  }
  expect([listener.texts.length, listener.heldBytes, transport.isPaused]).toEqual([count, 0, true]);
  connection.resume();
  expect(transport.isPaused).toBe(false);
  connection.destroy();
});

test('reads that come while a connection is paused follow those before them, at every cut', () => {
  const texts = ['a', '', '€€', 'x'.repeat(130), 'last'];
  const bytes = Buffer.concat([...texts.map(text), close(1000)]);
  for (let cut = 0; cut <= bytes.length; cut++) {
    const { transport, listener, connection } = connected(() => true, Buffer.from(bytes.subarray(0, cut)));
    transport.arrive(bytes.subarray(cut));
    for (let turn = 0; turn < texts.length; turn++) connection.resume();
    expect([listener.texts, listener.ends, listener.heldBytes]).toEqual([texts, [1000], 0]);
    connection.destroy();
  }
});

test('a client that hangs up while it is paused is heard to the end first', () => {
  const { transport, listener, connection } = connected(() => true);
  transport.arrive(Buffer.concat([text('a'), text('b'), text('c')]));
  transport.fin();
  expect(listener.ends).toEqual([]);
  connection.resume();
  connection.resume();
  expect([listener.texts, listener.ends]).toEqual([['a', 'b', 'c'], []]);
  connection.resume();
  expect(listener.ends).toEqual([1006]);
});

test('61 pings in one read are answered by one pong, that of the latest', () => {
  const { transport, connection } = connected(() => false);
  transport.arrive(Buffer.concat(Array.from({ length: 61 }, (_, at) => ping(`p${at}`))));
  expect(readServerFrames(transport.sent()).frames.map(({ payload }) => String(payload))).toEqual(['p60']);
  // While the client reads nothing, the latest waits until it does.
  transport.unsent = 1_000_000;
  for (const read of pieces(Buffer.concat([ping('q0'), ping('q1')]), 8)) transport.arrive(read);
  expect(transport.sent()).toHaveLength(0);
  transport.drain();
  expect(readServerFrames(transport.sent()).frames.map(({ payload }) => String(payload))).toEqual(['q1']);
  connection.destroy();
});

test('a ping is answered though a close or a broken frame follows in the same read', () => {
  for (const [behind, code] of [
    [close(1000), 1000],
    [clientFrame({ opcode: 3 }), 1002],
  ] as const) {
    const { transport, connection } = connected(() => false);
    transport.arrive(Buffer.concat([ping('p'), behind]));
    const { frames } = readServerFrames(transport.sent());
    expect(frames.map(({ opcode }) => opcode)).toEqual([10, 8]);
    expect(frames[1]?.payload.readUInt16BE(0)).toBe(code);
    connection.destroy();
  }
});
