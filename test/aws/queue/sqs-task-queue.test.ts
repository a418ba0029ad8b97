import { afterAll, afterEach, describe, expect, test } from 'vitest';
import type { QueueEvent } from '../../../functions/aws/events.ts';
import { awsPolicy } from '../../../functions/aws/gateway.ts';
import { SqsTaskQueue } from '../../../functions/aws/queue/sqs-task-queue.ts';
import { parseTask } from '../../../functions/aws/queue/task-message.ts';
import type { BatchTask, DeliveriesTask, RetryTask, Task } from '../../../functions/gateway/tasks.ts';
import { systemClock } from '../../../functions/node/system-clock.ts';
import { broadcastIdOf } from '../../../functions/wire/broadcast-id.ts';
import { taskQueueContract } from '../../contract/ports/task-queue.ts';
import { aHook } from '../../fakes/a-hook.ts';
import { aGroup, newSocket } from '../../fakes/a-record.ts';
import { ManualClock } from '../../fakes/manual-clock.ts';
import { JsonService } from '../json-service.ts';
import { Queue } from '../queue.ts';
import { type Answer, RecordingService } from '../recording-service.ts';

const sent: Answer = { body: '{"MessageId":"1"}' };
const caller = { region: 'eu-central-1', credentials: { accessKeyId: 'test', secretAccessKey: 'test' } };
const services: RecordingService[] = [];
afterEach(async () => {
  for (const service of services.splice(0)) await service.stop();
});

const queue = new Queue();
const sqs = new JsonService(queue.operations);
let listening: Promise<string> | undefined;
let queues = 0;
afterAll(async () => {
  queue.stop();
  await sqs.stop();
});

taskQueueContract(
  'a queue of SQS',
  async (runTask) => {
    listening ??= sqs.listen();
    const endpoint = await listening;
    queues += 1;
    const url = `${endpoint}/1/tasks-${queues}`;
    queue.attach(url, async (event) => {
      // As the function of the queue does: what failed comes again.
      const { Records } = event as QueueEvent;
      const done = await Promise.allSettled(Records.map(({ body }) => runTask(parseTask(body))));
      const failed = Records.filter((_, at) => done[at]?.status === 'rejected');
      return { batchItemFailures: failed.map(({ messageId }) => ({ itemIdentifier: messageId })) };
    });
    return new SqsTaskQueue(
      { url, presence: url, batches: url, retries: url, deadRetries: url, endpoint },
      caller,
      systemClock,
    );
  },
  { keepsOrder: false },
);

/** A queue whose service answers so. */
async function start(...answers: readonly Answer[]) {
  const service = new RecordingService(...answers);
  services.push(service);
  const endpoint = await service.listen();
  const clock = new ManualClock();
  const at = (name: string): string => `https://sqs.example/1/${name}`;
  const others = {
    ...{ presence: at('presence'), batches: at('batches') },
    ...{ retries: at('retries'), deadRetries: at('dead-retries') },
  };
  const address = { url: at('tasks'), ...others, endpoint };
  const tasks = new SqsTaskQueue(address, caller, clock);
  const inputs = () => service.requests.map(({ body }) => JSON.parse(body));
  return { service, clock, later: tasks, inputs };
}

const task = { kind: 'closed', socket: newSocket() } as const;

describe('a task', () => {
  test('is one message to its queue, at once', async () => {
    const { later: tasks, inputs } = await start(sent);
    await tasks.enqueue(task);
    expect(inputs()).toEqual([
      { QueueUrl: 'https://sqs.example/1/tasks', MessageBody: JSON.stringify(task), DelaySeconds: 0 },
    ]);
  });

  test.for([
    { delayMs: 1, seconds: 1 },
    { delayMs: 1_000, seconds: 1 },
    { delayMs: 899_001, seconds: 900 },
    { delayMs: 3_600_000, seconds: 900 },
  ])('of $delayMs ms has a delay of $seconds s', async ({ delayMs, seconds }) => {
    const { later: tasks, inputs } = await start(sent);
    await tasks.enqueue(task, delayMs);
    expect(inputs()[0].DelaySeconds).toBe(seconds);
  });

  test('that is too long for one message becomes several, in their order', async () => {
    const { later, inputs } = await start(sent);
    const random = (): string => Array.from({ length: 9_000 }, () => newSocket()).join('');
    const long: DeliveriesTask = {
      ...{ kind: 'deliveries', socket: newSocket(), hook: 'message_1', broadcast: [], close: true },
      send: [0, 1, 2, 3].map(() => ({ sockets: [newSocket()], malformed: [], body: random() })),
    };
    await later.enqueue(long);
    const tasks = inputs().map(({ MessageBody }) => parseTask(MessageBody));
    expect(tasks.length).toBeGreaterThan(1);
    expect(tasks.flatMap((part) => (part.kind === 'deliveries' ? part.send : []))).toEqual(long.send);
    expect(tasks.map((part) => part.kind === 'deliveries' && part.close)).toEqual([
      ...tasks.slice(1).map(() => false),
      true,
    ]);
  });

  test.for([
    { delayMs: 0, seconds: [0, 2] },
    { delayMs: 899_000, seconds: [899, 900] },
  ])('in several messages begins them one after another, after $delayMs ms', async (given) => {
    const { later: tasks, inputs } = await start(sent);
    const random = (): string => Array.from({ length: 8_000 }, () => newSocket()).join('');
    const long: DeliveriesTask = {
      ...{ kind: 'deliveries', socket: newSocket(), hook: 'message_1', broadcast: [], close: true },
      send: [0, 1, 2, 3].map(() => ({ sockets: [newSocket()], malformed: [], body: random() })),
    };
    await tasks.enqueue(long, given.delayMs);
    expect(inputs().map(({ DelaySeconds }) => DelaySeconds)).toEqual(given.seconds);
  });
});

describe('a hook that is tried again', () => {
  const retry = (dueAt = 0): RetryTask => {
    const hook = aHook();
    return {
      ...{ kind: 'retry', socket: hook.socket, hook, groupsVersion: 0, dueAt },
      tries: { since: 0, attempts: 1, errors: 0 },
    };
  };

  test.for([
    { delayMs: 500, seconds: 1 },
    { delayMs: 900_000, seconds: 900 },
    { delayMs: 900_001, seconds: 900 },
    { delayMs: 3_600_000, seconds: 900 },
  ])('goes to its own queue, after $delayMs ms by a delay of $seconds s', async ({ delayMs, seconds }) => {
    const { later: tasks, inputs } = await start(sent);
    const task = retry();
    await tasks.enqueue(task, delayMs);
    const [{ QueueUrl, MessageBody, DelaySeconds }] = inputs();
    expect([QueueUrl, DelaySeconds]).toEqual(['https://sqs.example/1/retries', seconds]);
    expect(parseTask(MessageBody)).toEqual(task);
  });

  test('can’t be queued by a function that has no queue for it', async () => {
    const none = { presence: undefined, batches: undefined, retries: undefined, deadRetries: undefined };
    const address = { url: 'https://sqs.example/1/tasks', ...none, endpoint: 'https://sqs.example' };
    const tasks = new SqsTaskQueue(address, caller, new ManualClock());
    await expect(tasks.enqueue(retry())).rejects.toThrow('no queue of retries');
  });

  test('and the replay of all that died are two queues', async () => {
    const { later: tasks, inputs } = await start(sent);
    await tasks.enqueue({ kind: 'replay', until: 1 });
    expect(inputs()[0].QueueUrl).toBe('https://sqs.example/1/tasks');
  });
});

describe('tasks of presence', () => {
  const socket = newSocket();
  const look: Task = { kind: 'presence', group: aGroup('room'), subject: `s:${socket}`, socket };
  const none = { presence: undefined, batches: undefined, retries: undefined, deadRetries: undefined };
  const address = { url: 'https://sqs.example/1/tasks', ...none, endpoint: 'https://sqs.example' };
  const from = (eventSourceARN?: string): QueueEvent => ({
    Records: [{ messageId: 'm', body: '', ...(eventSourceARN === undefined ? {} : { eventSourceARN }) }],
  });

  test('go to their own queue, after their delay', async () => {
    const { later: tasks, inputs } = await start(sent);
    await tasks.enqueue(look, 5_000);
    const [{ QueueUrl, MessageBody, DelaySeconds }] = inputs();
    expect([QueueUrl, DelaySeconds]).toEqual(['https://sqs.example/1/presence', 5]);
    expect(parseTask(MessageBody)).toEqual(look);
  });

  test('can’t be queued by a function that has no queue for them', async () => {
    const tasks = new SqsTaskQueue(address, caller, new ManualClock());
    await expect(tasks.enqueue(look)).rejects.toThrow('no queue of presence');
  });

  test.for([
    ['arn:aws:sqs:eu-central-1:1:presence', true],
    ['arn:aws-cn:sqs:cn-north-1:1:presence', true],
    ['arn:aws:sqs:eu-central-1:1:tasks', false],
    ['arn:aws:sqs:eu-central-1:1:no-presence', false],
    ['arn:aws:sqs:eu-central-1:1:presences', false],
    [undefined, false],
  ] as const)('an event of %s is one of them: %s', async ([arn, isOne]) => {
    const { later: tasks } = await start(sent);
    expect(tasks.isOfPresence(from(arn))).toBe(isOne);
  });

  test('are in no event of a function that has no queue for them', () => {
    const tasks = new SqsTaskQueue(address, caller, new ManualClock());
    expect(tasks.isOfPresence(from('arn:aws:sqs:eu-central-1:1:tasks'))).toBe(false);
    expect(tasks.isOfPresence(from())).toBe(false);
  });
});

describe('a message that failed', () => {
  const pauses = { first: 5, factor: 4, longest: 900 };

  test.for([
    { receives: '1', seconds: 5 },
    { receives: '2', seconds: 20 },
    { receives: '4', seconds: 320 },
    { receives: '5', seconds: 900 },
    { receives: undefined, seconds: 5 },
  ])('for time $receives comes again after $seconds s', async ({ receives, seconds }) => {
    const { later: tasks, inputs } = await start(sent);
    const attributes = receives === undefined ? {} : { ApproximateReceiveCount: receives };
    const record = { messageId: 'm', body: '', receiptHandle: 'receipt', attributes };
    await tasks.putBack(record, 'tasks', pauses);
    expect(inputs()).toEqual([
      { QueueUrl: 'https://sqs.example/1/tasks', ReceiptHandle: 'receipt', VisibilityTimeout: seconds },
    ]);
  });

  test('goes back to the queue that it came from', async () => {
    const { later: tasks, inputs } = await start(sent);
    const names = {
      ...{ presence: 'presence', batches: 'batches' },
      ...{ retries: 'retries', deadRetries: 'dead-retries' },
    } as const;
    for (const [name, queue] of Object.entries(names) as [keyof typeof names, string][]) {
      await tasks.putBack({ messageId: 'm', body: '', receiptHandle: 'receipt' }, name, pauses);
      expect(inputs().at(-1).QueueUrl).toBe(`https://sqs.example/1/${queue}`);
    }
  });

  test('and whose receipt an emulator did not tell is left to its queue', async () => {
    const { later: tasks, inputs } = await start(sent);
    await tasks.putBack({ messageId: 'm', body: '' }, 'tasks', pauses);
    expect(inputs()).toEqual([]);
  });
});

describe('batches of a broadcast', () => {
  const batchOf = (at: number, count = 1): BatchTask => ({
    ...{ kind: 'batch', broadcast: broadcastIdOf('a call'), segment: 0, at, part: 0 },
    sockets: Array.from({ length: count }, () => {
      return { socket: newSocket(), status: 'open', acceptedAt: 1_764_000_000_000 };
    }),
  });
  /** The bodies of each call. */
  const callsOf = (inputs: readonly { Entries: { MessageBody: string }[] }[]): string[][] =>
    inputs.map(({ Entries }) => Entries.map(({ MessageBody }) => MessageBody));
  const took: Answer = { body: '{"Successful":[],"Failed":[]}' };

  test('go to their own queue, after their delay', async () => {
    const { service, later: tasks, inputs } = await start(took);
    const batches = [batchOf(0), batchOf(1)];
    await tasks.enqueueBatches(batches, 1_500);
    expect(service.requests[0]?.headers['x-amz-target']).toBe('AmazonSQS.SendMessageBatch');
    const [{ QueueUrl, Entries }] = inputs();
    expect(QueueUrl).toBe('https://sqs.example/1/batches');
    expect(Entries.map(({ DelaySeconds }: { DelaySeconds: number }) => DelaySeconds)).toEqual([2, 2]);
    expect(callsOf(inputs()).flat().map(parseTask)).toEqual(batches);
  });

  test('go to it also if they are queued one by one', async () => {
    const { later: tasks, inputs } = await start(took);
    await tasks.enqueue(batchOf(0));
    expect(inputs()[0].QueueUrl).toBe('https://sqs.example/1/batches');
  });

  test.for([
    { count: 10, calls: [10] },
    { count: 11, calls: [10, 1] },
  ])('$count of them are sent by as many calls as SQS needs: ten in each', async ({ count, calls }) => {
    const { later: tasks, inputs } = await start(took);
    const batches = Array.from({ length: count }, (_, at) => batchOf(at));
    await tasks.enqueueBatches(batches);
    expect(callsOf(inputs()).map(({ length }) => length)).toEqual(calls);
    expect(callsOf(inputs()).flat().map(parseTask)).toEqual(batches);
  });

  test('of 1,500 sockets each share calls of at most 262,144 bytes', async () => {
    const { later: tasks, inputs } = await start(took);
    const batches = Array.from({ length: 10 }, (_, at) => batchOf(at, 1_500));
    await tasks.enqueueBatches(batches);
    const calls = callsOf(inputs());
    expect(calls.map(({ length }) => length)).toEqual([6, 4]);
    for (const bodies of calls) expect(Buffer.byteLength(bodies.join(''))).toBeLessThanOrEqual(262_144);
    expect(calls.flat().map(parseTask)).toEqual(batches);
  });

  test('that a coordinator queues by one call fill one of SQS', async () => {
    const { later: tasks, inputs } = await start(took);
    const { batchesPerCall, batchSockets } = awsPolicy;
    const batches = Array.from({ length: batchesPerCall + 1 }, (_, at) => batchOf(at, batchSockets));
    await tasks.enqueueBatches(batches.slice(1));
    expect(callsOf(inputs()).map(({ length }) => length)).toEqual([batchesPerCall]);
    await tasks.enqueueBatches(batches);
    expect(callsOf(inputs().slice(1)).map(({ length }) => length)).toEqual([batchesPerCall, 1]);
  });

  const refuses = (...ids: string[]): Answer => ({
    body: JSON.stringify({ Successful: [], Failed: ids.map((Id) => ({ Id, Code: 'InternalError' })) }),
  });

  test('that SQS does not take are sent again, and no others', async () => {
    const { later: tasks, clock, inputs } = await start(refuses('0', '2'), refuses('2'), took);
    const batches = [batchOf(0), batchOf(1), batchOf(2)];
    await clock.until(tasks.enqueueBatches(batches));
    const ats = callsOf(inputs()).map((bodies) => bodies.map((body) => JSON.parse(body).at));
    expect(ats).toEqual([[0, 1, 2], [0, 2], [2]]);
  });

  test('that SQS never takes are a fault after four calls', async () => {
    const { later: tasks, clock, inputs } = await start(refuses('1'));
    const queued = clock.until(tasks.enqueueBatches([batchOf(0), batchOf(1)]));
    await expect(queued).rejects.toThrow('SQS did not take 1 batches: InternalError');
    expect(inputs()).toHaveLength(4);
  });

  test('can’t be queued by a function that has no queue for them', async () => {
    const none = { presence: undefined, batches: undefined, retries: undefined, deadRetries: undefined };
    const tasks = new SqsTaskQueue(
      { url: 'https://sqs.example/1/tasks', ...none, endpoint: 'https://sqs.example' },
      caller,
      new ManualClock(),
    );
    await expect(tasks.enqueueBatches([batchOf(0)])).rejects.toThrow('no queue of batches');
  });
});

describe('a fault that may pass', () => {
  const faults: Readonly<Record<string, Answer>> = {
    'a fault of SQS': { status: 500, body: '{"__type":"com.amazonaws.sqs#InternalError"}' },
    'SQS being unavailable': { status: 503, body: '<html>' },
    'throttling by 429': { status: 429 },
    'throttling by name': { status: 400, headers: { 'x-amzn-errortype': 'ThrottlingException' } },
    'throttling in the body': { status: 403, body: '{"__type":"com.amazonaws.sqs#RequestThrottled"}' },
    'a connection that breaks': 'hang up',
    'an answer that is none': { body: '{"Mess' },
  };

  test.for(Object.entries(faults))('is waited out with jitter: %s', async ([, error]) => {
    const { later: tasks, clock, inputs } = await start(error, error, error, sent);
    clock.chance = 0.25;
    await clock.until(tasks.enqueue(task));
    expect(inputs()).toHaveLength(4);
    expect(clock.slept).toEqual([25, 50, 100]);
  });

  test('and does not is told after four tries', async () => {
    const { later: tasks, clock, inputs } = await start({ status: 500, body: '{"__type":"InternalError"}' });
    await expect(clock.until(tasks.enqueue(task))).rejects.toThrow('SendMessage: 500 InternalError');
    expect(inputs()).toHaveLength(4);
  });
});

describe('a message of which two would go on beside each other', () => {
  const hook = aHook();
  const retry: RetryTask = {
    ...{ kind: 'retry', socket: hook.socket, hook, groupsVersion: 0, dueAt: 0 },
    tries: { since: 0, attempts: 1, errors: 0 },
  };
  const forking: readonly Task[] = [retry, { kind: 'replay', until: 1 }];
  const unavailable: Answer = {
    status: 503,
    body: '{"__type":"com.amazonaws.sqs#ServiceUnavailable"}',
  };

  test('is sent once if SQS does not answer', async () => {
    const { later: tasks, inputs } = await start('silence', sent);
    await expect(tasks.enqueue(retry)).rejects.toThrow('No answer in time');
    expect(inputs()).toHaveLength(1);
  });

  test('is not one of those that are sent again if SQS does not answer', async () => {
    const { clock, later: tasks, inputs } = await start('silence', sent);
    await clock.until(tasks.enqueue(task));
    expect(inputs()).toHaveLength(2);
  });

  const unknown: Readonly<Record<string, Answer>> = {
    'fails with a 500': { status: 500, body: '{"__type":"com.amazonaws.sqs#InternalFailure"}' },
    'breaks the connection': 'hang up',
    'answers with something that is no answer': { body: '{"Mess' },
  };
  test.for(forking.flatMap((task) => Object.keys(unknown).map((fault) => [task.kind, fault, task] as const)))(
    'such as a %s, is sent once if SQS %s',
    async ([, fault, task]) => {
      const { later: tasks, clock, inputs } = await start(unknown[fault] ?? sent, sent);
      await expect(clock.until(tasks.enqueue(task))).rejects.toThrow();
      expect(inputs()).toHaveLength(1);
    },
  );

  const untaken: Readonly<Record<string, Answer>> = {
    'is not available': unavailable,
    'throttles by 429': { status: 429 },
    'throttles by name': { status: 400, headers: { 'x-amzn-errortype': 'ThrottlingException' } },
    'throttles with a 5xx': { status: 503, headers: { 'x-amzn-errortype': 'RequestThrottled' } },
  };
  test.for(forking.flatMap((task) => Object.keys(untaken).map((fault) => [task.kind, fault, task] as const)))(
    'such as a %s, is sent again if SQS %s and so has not taken it',
    async ([, fault, task]) => {
      const { later: tasks, clock, inputs } = await start(untaken[fault] ?? sent, sent);
      await clock.until(tasks.enqueue(task));
      expect(inputs()).toHaveLength(2);
    },
  );

  test('is sent again if it never left', async () => {
    const { service, clock, later: tasks } = await start(sent);
    await service.stop();
    await expect(clock.until(tasks.enqueue(retry))).rejects.toThrow('ECONNREFUSED');
    expect(clock.slept).toHaveLength(3);
  });
});

describe('a fault that will not pass', () => {
  test('is told at once, with what SQS says of it', async () => {
    const message = 'User: arn:aws:sts::1:role is not authorized to perform: sqs:sendmessage';
    const denied = { __type: 'com.amazon.coral.service#AccessDeniedException', message };
    const { later: tasks, inputs } = await start({ status: 400, body: JSON.stringify(denied) });
    await expect(tasks.enqueue(task)).rejects.toThrow(`SendMessage: 400 AccessDeniedException ${message}`);
    expect(inputs()).toHaveLength(1);
  });

  test('is told without the headers that SQS repeats of a signature that does not match', async () => {
    const message =
      'The signature does not match.\n\nThe Canonical String should have been\nx-amz-security-token:secret';
    const mismatch = { __type: 'com.amazon.coral.service#SignatureDoesNotMatch', message };
    const { later: tasks } = await start({ status: 403, body: JSON.stringify(mismatch) });
    const told = await tasks.enqueue(task).catch(String);
    expect(told).toBe('AwsError: SendMessage: 403 SignatureDoesNotMatch The signature does not match.');
  });
});
