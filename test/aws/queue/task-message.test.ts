import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { parseTask, writeTask } from '../../../functions/aws/queue/task-message.ts';
import type { Subject } from '../../../functions/gateway/presences.ts';
import type { BatchTask, DeliveriesTask, RetryTask } from '../../../functions/gateway/tasks.ts';
import { broadcastIdOf } from '../../../functions/wire/broadcast-id.ts';
import type { GroupName } from '../../../functions/wire/group.ts';
import { aHook } from '../../fakes/a-hook.ts';
import { aGroup, newSocket } from '../../fakes/a-record.ts';

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
        { body: 'y', except: [], at: 2 },
      ],
      close: true,
    });
    expect(read(writeTask(task))).toEqual([JSON.parse(JSON.stringify(task))]);
    const flush = { kind: 'flush', socket: newSocket() } as const;
    expect(writeTask(flush).map(parseTask)).toEqual([flush]);
  });

  test('that cannot be read is an error that names what is wrong, and repeats nothing of it', () => {
    const [text = ''] = writeTask(aTask({ send: [{ sockets: to(1), malformed: [], body: 'a secret' }] }));
    const broken = text.replace('"sockets":["', '"sockets":["not a socket ');
    expect(() => parseTask(broken)).toThrow(/^A message of the queue can't be read: send\.0\.sockets\.0\.$/);
    const wrong = text.replace('"a secret"', '["a secret"]');
    expect(() => parseTask(wrong)).toThrow(/^A message of the queue can't be read: send\.0\.body\.$/);
  });

  test('that an earlier version wrote, whose broadcasts have no group, is read', () => {
    const earlier = { kind: 'deliveries', socket: newSocket(), hook: 'message_1', send: [], close: false };
    const broadcast = [{ body: 'hello', except: [], path: '/room', user: 'alice' }];
    expect(parseTask(JSON.stringify({ ...earlier, broadcast }))).toEqual({ ...earlier, broadcast });
  });

  test.for(['', 'x'.repeat(257), 'a\u0000b'])('to a group of no valid name is refused: %j', (group) => {
    const task = { ...aTask(), broadcast: [{ body: 'hello', except: [], group }] };
    expect(() => parseTask(JSON.stringify(task))).toThrow('broadcast.0.group');
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

describe('a part of a broadcast on its way through the queue', () => {
  const broadcast = broadcastIdOf('a call');
  const batchOf = (sockets: BatchTask['sockets']): BatchTask => ({
    ...{ kind: 'batch', broadcast, segment: 3, at: 12, part: 1 },
    sockets,
  });

  test('is read as it was written', () => {
    const segment = { kind: 'segment', broadcast, segment: 3 } as const;
    const batch = batchOf([
      { socket: newSocket(), status: 'open', acceptedAt: 1_764_000_000_123 },
      { socket: newSocket(), status: 'opening', acceptedAt: 0 },
    ]);
    const rest = { ...batch, after: 'the claim' };
    for (const task of [segment, batch, batchOf([]), rest])
      expect(writeTask(task).map(parseTask)).toEqual([task]);
  });

  test('is one message of less than the 64 KB that SQS bills at once, for 1,500 sockets', () => {
    const acceptedAt = 1_764_000_000_000;
    const batch = batchOf(to(1_500).map((socket) => ({ socket, status: 'open', acceptedAt })));
    const texts = writeTask(batch);
    expect(texts).toHaveLength(1);
    expect(Buffer.byteLength(texts[0] ?? '')).toBeLessThan(40_000);
    expect(texts.map(parseTask)).toEqual([batch]);
  });

  test('is one message too with the longest ids that there can be', () => {
    const sockets = to(1_500).map((socket) => {
      return {
        socket: `${socket}${'x'.repeat(112)}` as typeof socket,
        status: 'open',
        acceptedAt: 1,
      } as const;
    });
    const [text = '', ...others] = writeTask(batchOf(sockets));
    expect([others, Buffer.byteLength(text) <= max]).toEqual([[], true]);
    expect(parseTask(text)).toEqual(batchOf(sockets));
  });

  const message = { kind: 'batch', broadcast, segment: 0, at: 0, part: 0, sockets: '' };
  test.for<[string, object]>([
    ['an id that is none', { ...message, sockets: 'a.b:1' }],
    ['a time that is none', { ...message, sockets: 'abc:-' }],
    ['no time', { ...message, sockets: 'abc' }],
    ['a broadcast that is none', { ...message, broadcast: 'x' }],
    ['a segment below 0', { ...message, segment: -1 }],
    ['a part that is no whole number', { ...message, part: 0.5 }],
  ])('is nothing else: %s is refused', ([, wrong]) => {
    expect(() => parseTask(JSON.stringify(wrong))).toThrow();
  });
});

test('deliveries to a group are of a kind that an older version leaves in the queue, and come back as deliveries', () => {
  const body = { body: 'hello', except: [], group: 'room:1' as GroupName };
  const task: DeliveriesTask = {
    kind: 'deliveries',
    socket: newSocket(),
    hook: 'message_1',
    send: [],
    broadcast: [body],
    close: false,
  };
  const [text = ''] = writeTask(task);
  expect(JSON.parse(text).kind).toBe('deliveries_to_groups');
  expect(parseTask(text)).toEqual(task);
  const [plain = ''] = writeTask({ ...task, broadcast: [{ body: 'hello', except: [] }] });
  expect(JSON.parse(plain).kind).toBe('deliveries');
});

describe('a hook that is tried again, on its way through the queue', () => {
  const aRetry = (hook = aHook()): RetryTask => ({
    ...{ kind: 'retry', socket: hook.socket, hook, groupsVersion: 3 },
    ...{ tries: { since: 1_764_000_000_123, attempts: 4, errors: 2 }, dueAt: 1_764_000_060_000 },
  });

  test('is read as it was written', () => {
    const closed = { event: 'closed', id: 'closed_abc=', body: '', code: '1006', groups: [] } as const;
    for (const task of [aRetry(), aRetry(aHook({ ...closed, reason: 'Going away' }))])
      expect(writeTask(task).map(parseTask)).toEqual([task]);
  });

  test.for(['joined', 'left'] as const)('%s tells its group and its number', (event) => {
    const presence = { group: aGroup('\ufffe"'), sequence: 1_764_000_000_456 };
    const task = aRetry(aHook({ event, id: `${event}_abc-1`, body: '', groups: [], presence }));
    expect(writeTask(task).map(parseTask)).toEqual([task]);
  });

  test.for(['\u0001', '"', '\ufffe', 'x', '😀'])(
    'with the longest message is one that SQS takes: of %j',
    (unit) => {
      const body = unit.repeat(131_072 / Buffer.byteLength(unit));
      const state = '\u0001'.repeat(4_096);
      const groups = Array.from({ length: 50 }, (_, at) => aGroup(`"${at}`.padEnd(20, '"')));
      const task = aRetry(aHook({ body, state, groups, query: '"'.repeat(4_096), user: '"'.repeat(256) }));
      const [text = '', ...others] = writeTask(task);
      expect([others, Buffer.byteLength(text) <= max]).toEqual([[], true]);
      // SQS: #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF
      expect(/^[\t\n\r\u0020-\ud7ff\ue000-\ufffd]*$/.test(text)).toBe(true);
      expect(parseTask(text)).toEqual(task);
    },
  );

  test.for<[string, object]>([
    ['a body that is not in base64', { body: 'a b' }],
    ['an event that is none', { event: 'opened' }],
    ['a path that is none', { path: '../x' }],
    ['a group that is none', { groups: [''] }],
    ['a socket that is none', { socket: 'a.b' }],
  ])('is nothing else: %s is refused', ([, wrong]) => {
    const [text = ''] = writeTask(aRetry());
    const { hook, ...task } = JSON.parse(text);
    expect(() => parseTask(JSON.stringify({ ...task, hook: { ...hook, ...wrong } }))).toThrow();
  });
});

describe('a look at who is in a group, on its way through the queue', () => {
  const subjects: readonly Subject[] = [
    'u:alice',
    `s:${newSocket()}`,
    `u:${'\ufffe\uffff"'.repeat(36)}`,
    'u:s:x y',
  ];

  test.for(subjects.flatMap((subject) => [undefined, 'abc_1-Z'].map((after) => ({ subject, after }))))(
    'is read as it was written: %j',
    ({ subject, after }) => {
      const group = aGroup('\u{10ffff}'.repeat(64));
      const task = {
        kind: 'presence',
        group,
        subject,
        socket: newSocket(),
        ...(after && { after, waited: 3 }),
      } as const;
      const [text = '', ...others] = writeTask(task);
      expect(others).toEqual([]);
      // SQS: #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF
      expect(text).toMatch(/^[\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]*$/u);
      expect(parseTask(text)).toEqual(task);
    },
  );

  test.for<[string, object]>([
    ['a group that is none', { group: '' }],
    ['a subject of another kind', { subject: 'x:alice' }],
    ['a subject that is no text', { subject: 1 }],
    ['a socket that is none, as its subject', { subject: 's:a.b' }],
    ['a socket that is none', { socket: 'a.b' }],
  ])('is nothing else: %s is refused', ([, wrong]) => {
    const task = { kind: 'presence', group: 'lobby', subject: 'u:alice', socket: newSocket() };
    expect(() => parseTask(JSON.stringify({ ...task, ...wrong }))).toThrow();
  });
});

test.for([{ until: 1_764_000_000_000 }, { until: 1, cursor: '0mfxyz' }])(
  'the replay of all dead letters is read as it was written: %j',
  (given) => {
    const task = { kind: 'replay', ...given } as const;
    expect(writeTask(task).map(parseTask)).toEqual([task]);
  },
);
