import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { parseTask, writeTask } from '../../../functions/aws/queue/task-message.ts';
import type { DeliveriesTask } from '../../../functions/gateway/ports.ts';
import type { GroupName } from '../../../functions/wire/group.ts';
import { newSocket } from '../../fakes/a-record.ts';

/** SQS: the most bytes of a message. */
const max = 262_144;

function aTask(given: Partial<DeliveriesTask> = {}): DeliveriesTask {
  return {
    kind: 'deliveries',
    socket: newSocket(),
    hook: 'message_1',
    send: [],
    broadcast: [],
    close: false,
    ...given,
  };
}

const noise = (bytes: number): string => randomBytes(bytes).toString('base64').slice(0, bytes);
/** Texts of all that a keyboard has, which hardly can be packed, and are longer in JSON. */
const printable = (bytes: number): string =>
  Array.from(randomBytes(bytes), (byte) => String.fromCharCode(32 + (byte % 95))).join('');
const to = (count: number) => Array.from({ length: count }, newSocket);

function read(texts: readonly string[]): DeliveriesTask[] {
  return texts.map((text) => {
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(max);
    const task = parseTask(text);
    if (task.kind !== 'deliveries') throw new Error('It is another task.');
    return task;
  });
}

describe('a task on its way through the queue', () => {
  test('is read as it was written', () => {
    const task = aTask({
      send: [{ sockets: to(2), malformed: ['x y'], body: 'dr😀i\0\u007f' }],
      broadcast: [
        { body: '', except: to(1), path: undefined, user: 'alice' },
        { body: 'x', except: [], group: 'room:1' as GroupName, from: 'here' },
      ],
      close: true,
    });
    expect(read(writeTask(task))).toEqual([JSON.parse(JSON.stringify(task))]);
    const flush = { kind: 'flush', socket: newSocket() } as const;
    expect(writeTask(flush).map(parseTask)).toEqual([flush]);
  });

  test('that an earlier version wrote, whose broadcasts have no group, is read', () => {
    const earlier = { kind: 'deliveries', socket: newSocket(), hook: 'message_1', send: [], close: false };
    const broadcast = [{ body: 'hello', except: [], path: '/room', user: 'alice' }];
    expect(parseTask(JSON.stringify({ ...earlier, broadcast }))).toEqual({ ...earlier, broadcast });
  });

  test.for(['', 'x'.repeat(257), 'a\u0000b'])('to a group of no valid name is refused: %j', (group) => {
    const task = { ...aTask(), broadcast: [{ body: 'hello', except: [], group }] };
    expect(() => parseTask(JSON.stringify(task))).toThrow('the name of a group');
  });

  test('to the group of the longest name is read', () => {
    const group = 'x'.repeat(256) as GroupName;
    expect(read(writeTask(aTask({ broadcast: [{ body: '', except: [], group }] })))[0]?.broadcast).toEqual([
      { body: '', except: [], group },
    ]);
  });

  test('holds no character that SQS refuses, and gives each back', () => {
    const body = '\ufffe\uffff\u0000\u001f\ufdd0';
    const [text = ''] = writeTask(aTask({ send: [{ sockets: to(1), malformed: [], body }] }));
    // SQS: #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF
    expect(text).toMatch(/^[\t\n\r\u0020-\ud7ff\ue000-\ufffd]*$/);
    expect(read([text])[0]?.send[0]?.body).toBe(body);
  });

  test.for([0, 1])('of 262,144 bytes goes as it is, and %i more are packed', (more) => {
    const empty = Buffer.byteLength(writeTask(aTask({ broadcast: [{ body: '', except: [] }] }))[0] ?? '');
    const body = 'x'.repeat(max - empty + more);
    const texts = writeTask(aTask({ broadcast: [{ body, except: [] }] }));
    expect(texts).toHaveLength(1);
    expect((texts[0] ?? '').startsWith('gzip:')).toBe(more > 0);
    expect(read(texts)[0]?.broadcast[0]?.body === body).toBe(true);
  });

  test('that can’t be packed is divided: every delivery once, in order, the socket closed by the last', () => {
    const bodies = Array.from({ length: 9 }, () => noise(120_000));
    const task = aTask({
      send: bodies.slice(0, 5).map((body) => ({ sockets: to(2), malformed: [], body })),
      broadcast: bodies.slice(5).map((body) => ({ body, except: [] })),
      close: true,
    });
    const tasks = read(writeTask(task));
    expect(tasks.length).toBeGreaterThan(1);
    expect(tasks.flatMap(({ send }) => send)).toEqual(task.send);
    expect(tasks.flatMap(({ broadcast }) => broadcast)).toEqual(task.broadcast);
    expect(tasks.map(({ close }) => close)).toEqual([...Array(tasks.length - 1).fill(false), true]);
  });

  test('to a thousand sockets is divided among them, and each gets it once', () => {
    const sockets = to(1_000).map((socket) => `${socket}${noise(110)}`.replace(/[^A-Za-z0-9_=-]/g, '_'));
    const send = JSON.parse(JSON.stringify([{ sockets, malformed: ['x y'], body: printable(131_072) }]));
    const tasks = read(writeTask(aTask({ send, close: true })));
    expect(tasks.length).toBeGreaterThan(1);
    expect(tasks.flatMap(({ send }) => send.flatMap((one) => one.sockets))).toEqual(sockets);
    expect(tasks.flatMap(({ send }) => send.flatMap((one) => one.malformed))).toEqual(['x y']);
    expect(new Set(tasks.map(({ send }) => send[0]?.body)).size).toBe(1);
    expect(tasks.filter(({ close }) => close)).toHaveLength(1);
  });

  test('that no division makes shorter is a fault', () => {
    const broadcast = [{ body: noise(400_000), except: [] }];
    expect(() => writeTask(aTask({ broadcast }))).toThrow('too long');
  });

  test.for(['', '{}', 'gzip:', 'null', '{"kind":"deliver"}', '{"kind":"other","socket":"abc"}'])(
    'is nothing else: %j is refused',
    (text) => {
      expect(() => parseTask(text)).toThrow();
    },
  );
});
