import { afterEach, expect, test } from 'vitest';
import { dynamoAccess } from '../../functions/aws/dynamo/calls.ts';
import { DeadLetterKeeper } from '../../functions/aws/dynamo/dead-letter-keeper.ts';
import { messageHandler } from '../../functions/aws/handlers/message-handler.ts';
import { SqsTaskQueue } from '../../functions/aws/queue/sqs-task-queue.ts';
import { HeldCounts, untouched } from '../../functions/gateway/breaker.ts';
import { deadLetter } from '../../functions/gateway/dead-letters.ts';
import { observe } from '../../functions/gateway/relay/admit.ts';
import { countFailed } from '../../functions/gateway/relay/count-failed.ts';
import { answerReserveMs } from '../../functions/gateway/relay/post-hook.ts';
import type { RetryTask } from '../../functions/gateway/tasks.ts';
import { systemClock } from '../../functions/node/system-clock.ts';
import { functionNeeds } from '../../infra/aws/function-needs.ts';
import { aHook } from '../fakes/a-hook.ts';
import { fakeGateway } from '../fakes/fake-gateway.ts';
import { caller, registryAt } from './dynamo-table.ts';
import { RecordingService } from './recording-service.ts';

const silent = new RecordingService('silence');
afterEach(() => silent.stop());

/** How long a call that fails takes, in milliseconds. */
async function failing(call: () => Promise<unknown>): Promise<number> {
  const began = systemClock.monotonic();
  await expect(call()).rejects.toThrow('No answer in time');
  return systemClock.monotonic() - began;
}

test('a message whose hook takes as long as it may is kept in time, however long SQS and DynamoDB take', async () => {
  const timeoutMs = functionNeeds.default.timeout * 1_000;
  const world = fakeGateway({ settings: { hookTimeoutMs: 20_000 } });
  const { socket } = await world.admit();
  let read = 0;
  const { registry } = world.gateway;
  const slow = {
    ...world.gateway,
    registry: Object.create(registry, {
      get: {
        value: async () => {
          // To read the record took two seconds.
          read = 2_000;
          await world.clock.advance(read);
          return registry.get(socket);
        },
      },
    }),
  };
  const requestContext = {
    connectionId: socket,
    eventType: 'MESSAGE',
    messageId: 'm',
    requestId: 'r',
  } as const;
  const context = { getRemainingTimeInMillis: () => timeoutMs };
  await messageHandler(slow)({ body: 'hello', requestContext }, context);
  const hookMs = world.app.requests[0]?.timeoutMs ?? Number.NaN;

  const endpoint = await silent.listen();
  const url = `${endpoint}/1/retries`;
  const tasks = new SqsTaskQueue(
    { url, presence: url, batches: url, retries: url, deadRetries: url, endpoint },
    caller,
    systemClock,
  );
  const hook = aHook();
  const tries = { since: 0, attempts: 1, errors: 0 };
  const retry: RetryTask = { kind: 'retry', socket: hook.socket, hook, groupsVersion: 0, tries, dueAt: 0 };
  const keeper = new DeadLetterKeeper(dynamoAccess(endpoint, caller, systemClock), {
    deadLetters: 'letters',
  });
  // Slow answers take longer than none: after one that fails, nothing is changed.
  const slowly = async <Answer>(answer: Answer): Promise<Answer> => {
    await systemClock.sleep(900);
    return answer;
  };
  const breaker = {
    held: new HeldCounts(),
    heardWithinMs: 0,
    state: () => slowly(untouched),
    change: () => slowly(true),
  };
  // The hook has taken all its time.
  const deadline = systemClock.monotonic() + answerReserveMs;
  const ending = { ...world.gateway, breaker, clock: systemClock, deadline };
  const began = systemClock.monotonic();
  await observe(ending, { socket }, { kind: 'post' }, { kind: 'timeout' });
  const observeMs = systemClock.monotonic() - began;
  const queueMs = await failing(() => tasks.enqueue(retry));
  // A letter is two writes, and one of them has failed.
  const writeMs = await failing(() => keeper.put(deadLetter(retry, 'away', 0)));
  const posted = read + hookMs + observeMs;
  expect(posted + queueMs + 2 * writeMs, 'a message that becomes a dead letter').toBeLessThan(timeoutMs);

  // What the function has left beside its reserve.
  const late = { ...ending, registry: registryAt({ name: 'sockets', endpoint }, systemClock) };
  const counting = async (deadline: number): Promise<number> => {
    const began = systemClock.monotonic();
    await countFailed({ ...late, deadline }, hook);
    return systemClock.monotonic() - began;
  };
  const afterDeadline = posted + queueMs - (timeoutMs - 7_000);
  const countMs = await counting(systemClock.monotonic() - afterDeadline);
  expect(countMs, 'the count').toBeGreaterThan(500);
  expect(posted + queueMs + countMs, 'a message that SQS took at last').toBeLessThan(timeoutMs - 1_500);
  const letterMs = await counting(systemClock.monotonic() - afterDeadline - 2 * writeMs);
  expect(letterMs, 'the count after a dead letter').toBeLessThan(100);
});
