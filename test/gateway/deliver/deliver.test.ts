import { expect, test } from 'vitest';
import { deliver } from '../../../functions/gateway/deliver/deliver.ts';
import type { Connections } from '../../../functions/gateway/ports.ts';
import { fakeGateway } from '../../fakes/fake-gateway.ts';

/** A gateway whose connections answer at once, and a socket of it that is open. */
async function prompt(post: Connections['post']) {
  const { gateway, log, clock, registry, admit } = fakeGateway();
  const connections: Connections = { ...{ close: async () => {}, has: async () => true }, post };
  return { gateway: { ...gateway, connections }, log, clock, registry, record: await admit() };
}

test('what a connection takes at once is delivered at once', async () => {
  const { gateway, record } = await prompt(() => ({ kind: 'posted' }));
  expect(deliver(gateway, record.socket, 'hello', record)).toBe('delivered');
  expect(await deliver(gateway, record.socket, 'hello')).toBe('delivered');
});

test.for([
  { posted: { kind: 'ending' }, outcome: 'gone' },
  { posted: { kind: 'failed', code: 'slow_client' }, outcome: 'slow_client' },
] as const)('what a connection refuses at once, $posted.kind, comes to $outcome', async (given) => {
  const { gateway, record } = await prompt(() => given.posted);
  expect(await deliver(gateway, record.socket, 'hello', record)).toBe(given.outcome);
});

test('a connection that is gone at once is believed once its handshake was long ago, and the socket has ended', async () => {
  const { gateway, clock, registry, record } = await prompt(() => ({ kind: 'gone' }));
  await clock.advance(60_000);
  expect(await deliver(gateway, record.socket, 'hello', record)).toBe('gone');
  expect(await registry.get(record.socket)).toMatchObject({ status: 'closing', end: { code: 1006 } });
});

test.for(['gone', 'throttled'] as const)(
  '%s at once, right after the handshake, is tried again',
  async (kind) => {
    let attempts = 0;
    const { gateway, clock, record } = await prompt(() => {
      attempts += 1;
      return { kind: attempts < 4 ? kind : 'posted' };
    });
    expect(await clock.until(deliver(gateway, record.socket, 'hello', record))).toBe('delivered');
    expect(attempts).toBe(4);
    expect(clock.slept).toHaveLength(3);
  },
);

test('a fault at once is a failure like a later one, and is logged', async () => {
  const faults: readonly Connections['post'][] = [
    () => {
      throw new Error('no');
    },
    () => Promise.reject(new Error('no')),
  ];
  for (const post of faults) {
    const { gateway, log, record } = await prompt(post);
    expect(await deliver(gateway, record.socket, 'hello', record)).toBe('post_failed');
    expect(await deliver(gateway, record.socket, 'hello')).toBe('post_failed');
    const { socket } = record;
    expect(log.of('delivery_fault')).toMatchObject([{ fields: { socket } }, { fields: { socket } }]);
  }
});
