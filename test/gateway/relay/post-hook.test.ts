import { describe, expect, test } from 'vitest';
import {
  type Breaker,
  type BreakerState,
  HeldCounts,
  untouched,
} from '../../../functions/gateway/breaker.ts';
import type { MaybePromise } from '../../../functions/gateway/maybe-promise.ts';
import { handshake } from '../../../functions/gateway/relay/handshake.ts';
import { message } from '../../../functions/gateway/relay/message.ts';
import { localSecrets } from '../../../functions/local/local-secrets.ts';
import { aConnectRequest } from '../../fakes/a-connect-request.ts';
import { acting } from '../../fakes/fake-app.ts';
import { fakeGateway } from '../../fakes/fake-gateway.ts';

describe('an app that takes all the time that is left of a run', () => {
  test.for([10_000, 4_000, 1_001])('has its answer carried out (%i ms left)', async (left) => {
    const world = fakeGateway();
    const { app, clock, connections, log } = world;
    const [{ socket }, other] = [await world.admit(), await world.admit()];
    app.answers = [acting({ reply: 'at last', send: [{ sockets: [other.socket], body: 'too' }] })];
    app.onPost = ({ timeoutMs }) => clock.sleep(timeoutMs);
    const hurried = { ...world.gateway, deadline: clock.monotonic() + left };
    await clock.until(message(hurried, { socket, id: 'm1', body: 'hello', time: clock.now() }));
    expect(connections.of(socket)).toEqual(['at last']);
    expect(connections.of(other.socket)).toEqual(['too']);
    expect(log.of('action_failed')).toEqual([]);
  });
});

describe('a hook whose circuit breaker takes a while to tell its state', () => {
  test.for([
    { left: 20_000, waits: 2_000, timeouts: [10_000] },
    { left: 8_000, waits: 2_000, timeouts: [5_000] },
    { left: 3_001, waits: 2_000, timeouts: [1] },
    { left: 3_000, waits: 2_000, timeouts: [] },
  ])('has only the time that is left of its run after that ($left ms)', async ({ left, waits, timeouts }) => {
    const world = fakeGateway();
    const { gateway, app, clock, tasks } = world;
    const { socket } = await world.admit();
    const slow = new SlowBreaker(() => clock.sleep(waits));
    const hurried = { ...gateway, breaker: slow, deadline: clock.monotonic() + left };
    await clock.until(message(hurried, { socket, id: 'm1', body: 'hello', time: clock.now() }));
    expect(app.requests.map(({ timeoutMs }) => timeoutMs)).toEqual(timeouts);
    expect(tasks.delayed.length, 'tried again later').toBe(1 - timeouts.length);
  });
});

/** A closed breaker whose state is known only after a while. */
class SlowBreaker implements Breaker {
  readonly held = new HeldCounts();
  readonly heardWithinMs = 0;
  readonly #wait: () => Promise<void>;
  #state: MaybePromise<BreakerState> | undefined;

  constructor(wait: () => Promise<void>) {
    this.#wait = wait;
  }

  state(): MaybePromise<BreakerState> {
    this.#state ??= this.#wait().then(() => {
      this.#state = untouched;
      return untouched;
    });
    return this.#state;
  }

  change(): boolean {
    return false;
  }
}

describe('a hook for which there is no connection at first', () => {
  test('waits for as long as it takes, a handshake no longer than a hook may take', async () => {
    const { gateway, app, clock, admit } = fakeGateway();
    const { socket } = await admit();
    await message(gateway, { socket, id: 'm1', body: 'hello', time: clock.now() });
    await handshake(gateway, aConnectRequest());
    expect(app.requests.map(({ timeoutMs, waitMs }) => [timeoutMs, waitMs])).toEqual([
      [10_000, Number.POSITIVE_INFINITY],
      [10_000, 10_000],
    ]);
  });

  test.for([
    { left: 30_000, message: 19_000, handshake: 10_000 },
    { left: 12_000, message: 1_000, handshake: 1_000 },
    { left: 5_000, message: 0, handshake: 0 },
  ])('waits only while there is time for the hook itself ($left ms left)', async (given) => {
    const { gateway, app, clock, admit } = fakeGateway();
    const { socket } = await admit();
    const hurried = { ...gateway, deadline: clock.monotonic() + given.left };
    await message(hurried, { socket, id: 'm1', body: 'hello', time: clock.now() });
    await handshake(hurried, aConnectRequest());
    expect(app.requests.map(({ waitMs }) => waitMs)).toEqual([given.message, given.handshake]);
  });

  test('is signed anew when it is sent', async () => {
    const { gateway, app, clock, admit } = fakeGateway();
    const { socket } = await admit();
    await message(gateway, { socket, id: 'm1', body: 'hello', time: clock.now() });
    const [request] = app.requests;
    await clock.advance(600_000);
    const renewed = request?.renew?.() ?? {};
    expect(Number(renewed['webhook-timestamp'])).toBe(Number(request?.headers['webhook-timestamp']) + 600);
    expect(renewed['webhook-id']).toBe(request?.headers['webhook-id']);
    expect(renewed['webhook-signature']).not.toBe(request?.headers['webhook-signature']);
  });

  test('is signed with the secrets as they are when it is sent', async () => {
    const { gateway, app, clock, admit } = fakeGateway();
    const texts = { apiKeys: [], urlKeys: [] };
    const secretOf = (byte: string) => [`whsec_${Buffer.alloc(32, byte).toString('base64')}`];
    const secrets = localSecrets({ ...texts, webhookSecrets: secretOf('o') });
    const { socket } = await admit();
    await message({ ...gateway, secrets }, { socket, id: 'm1', body: 'hello', time: clock.now() });
    const signature = () => app.requests[0]?.renew?.()['webhook-signature'];
    const old = signature();
    secrets.replace({ ...texts, webhookSecrets: secretOf('n') });
    expect(signature(), 'after a rotation').not.toBe(old);
    secrets.signingKeys = () => Promise.reject(new Error('away'));
    expect(signature(), 'where they can’t be read at once').toBe(old);
  });
});

describe('a handshake whose run is about to be over', () => {
  test('is put to the app while there is time for what its answer asks for', async () => {
    const { gateway, app, clock } = fakeGateway();
    const hurried = { ...gateway, deadline: clock.monotonic() + 1_001 };
    expect(await handshake(hurried, aConnectRequest())).toMatchObject({ kind: 'accepted' });
    expect(app.requests.map(({ timeoutMs }) => timeoutMs)).toEqual([1]);
  });

  test('is refused without asking the app when there is none, and leaves no trace', async () => {
    const { gateway, app, clock, registry } = fakeGateway();
    const request = aConnectRequest();
    const hurried = { ...gateway, deadline: clock.monotonic() + 1_000 };
    expect(await handshake(hurried, request)).toMatchObject({
      kind: 'refused',
      problem: { code: 'app_timed_out' },
    });
    expect(app.requests).toEqual([]);
    expect(await registry.get(request.socket)).toBeUndefined();
  });
});
