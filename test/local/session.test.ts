import { expect, onTestFinished, test } from 'vitest';
import { HookUnkept } from '../../functions/gateway/relay/hook-failed.ts';
import { messageHook } from '../../functions/gateway/relay/hooks.ts';
import { Session } from '../../functions/local/session.ts';
import { Traffic } from '../../functions/local/traffic.ts';
import { WebSocketConnection } from '../../functions/websocket/web-socket-connection.ts';
import { closeCodes } from '../../functions/wire/close-codes.ts';
import { aRecord } from '../fakes/a-record.ts';
import { type FakeWorld, fakeGateway } from '../fakes/fake-gateway.ts';
import { MemoryTransport } from '../fakes/memory-transport.ts';
import { watchedSocketQueue } from '../fakes/watched-socket-queue.ts';
import { readServerClose, readServerFrames } from '../websocket/server-frames.ts';

/** A client that is connected, and what it was sent. */
function connected({ gateway }: FakeWorld) {
  const { queue, told } = watchedSocketQueue();
  const transport = new MemoryTransport();
  const connection = new WebSocketConnection(transport, 131_072, undefined);
  const limits = { waitingBytes: 65_536, unsentBytes: 65_536, frameBytes: 32_768 };
  const session = new Session(gateway, queue, connection, limits, () => {}, new Traffic());
  connection.start(session);
  queue.release();
  onTestFinished(() => session.terminate());
  return {
    session,
    queue,
    told,
    closes: () => readServerFrames(transport.sent()).frames.map(readServerClose),
  };
}

test('a client whose message nothing can keep is closed with 1013, and the loss is logged and counted', () => {
  const world = fakeGateway();
  const { session, closes } = connected(world);
  const hook = messageHook(aRecord({}), { id: 'm1', body: 'secret', time: 1 });
  expect(session.failed(new HookUnkept(hook, new Error('The disk failed.')))).toBe(true);
  expect(closes()).toEqual([closeCodes.overloaded]);
  expect(session.hasEnded).toBe(true);
  const why = 'The disk failed.';
  const facts = { request: 'message_m1', hook: 'message', socket: hook.socket, path: hook.path };
  expect(world.log.lines).toMatchObject([{ level: 'error', event: 'hook_lost', fields: { ...facts, why } }]);
  expect(JSON.stringify(world.log.lines)).not.toContain('secret');
  expect(world.gateway.breaker.held.lost).toBe(1);
});

test('a client whose message met another fault stays, and the fault is told as one', async () => {
  const world = fakeGateway({
    registry: (memory) =>
      Object.assign(Object.create(memory), {
        get: () => {
          throw new Error('on purpose');
        },
      }),
  });
  const { session, told, closes } = connected(world);
  session.message('hello', 5);
  await new Promise((resolve) => setImmediate(resolve));
  expect(told).toEqual(['idle', 'fault: Error: on purpose', 'idle']);
  expect(closes()).toEqual([]);
  expect(session.hasEnded).toBe(false);
  expect(session.failed('on purpose')).toBe(false);
  expect(world.log.of('hook_lost')).toEqual([]);
});
