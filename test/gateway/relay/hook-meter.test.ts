import { describe, expect, test } from 'vitest';
import type { HookMeter } from '../../../functions/gateway/hook-meter.ts';
import { postHook } from '../../../functions/gateway/relay/post-hook.ts';
import { hookEvents } from '../../../functions/wire/hook.ts';
import { answered } from '../../fakes/fake-app.ts';
import { fakeGateway } from '../../fakes/fake-gateway.ts';
import { aHook } from '../../wire/a-hook.ts';

/** A gateway whose hooks are counted, and what was counted. */
function counting() {
  const world = fakeGateway();
  const counted: Parameters<HookMeter['posted']>[] = [];
  const meter: HookMeter = { posted: (...one) => void counted.push(one) };
  return { ...world, gateway: { ...world.gateway, meter }, counted };
}

describe('what counts the hooks', () => {
  test.for(hookEvents)('is told of a %s hook, of what came of it and how long it took', async (event) => {
    const { gateway, app, clock, counted } = counting();
    const responses = [answered(204), answered(500), { kind: 'timeout' } as const];
    app.answers = [...responses];
    app.onPost = () => clock.sleep(7 + app.requests.length);
    for (let posts = 0; posts < 3; posts++) await clock.until(postHook(gateway, aHook({ event })));
    expect(counted).toEqual(responses.map((response, at) => [event, response, 8 + at]));
  });

  test('is told of one that was tried again, too', async () => {
    const { gateway, counted } = counting();
    await postHook(gateway, aHook({ event: 'closed' }), { isRetry: true });
    expect(counted).toEqual([['closed', answered(204), 0]]);
  });

  test('is told of what was posted in the eyes of a watcher, once', async () => {
    const { gateway, counted } = counting();
    const seen: string[] = [];
    const watch = {
      posting: (_: unknown, request: Parameters<typeof gateway.app.post>[0]) => ({
        ...request,
        body: 'watched',
      }),
      answered: () => void seen.push('answered'),
      held: () => void seen.push('held'),
    };
    await postHook({ ...gateway, watch }, aHook());
    expect([counted.length, seen]).toEqual([1, ['answered']]);
  });

  test('is not told of a hook that was not posted: the app is away, or no time is left', async () => {
    const { gateway, app, clock, counted } = counting();
    await postHook({ ...gateway, deadline: clock.monotonic() + 1_000 }, aHook({ event: 'message' }));
    const now = clock.now();
    const state = { version: 1, failures: 20, sockets: [], failingSince: now, openedAt: now };
    await gateway.breaker.change({ ...state, heldUntil: now + 30_000, probes: 8 });
    await postHook(gateway, aHook({ event: 'message' }));
    expect([app.requests, counted]).toEqual([[], []]);
  });

  test('does not count the time in which the secrets were read', async () => {
    const { gateway, clock, counted } = counting();
    const keys = await gateway.secrets.signingKeys();
    const signingKeys = async () => {
      await clock.sleep(500);
      return keys;
    };
    const slow = { ...gateway, secrets: { ...gateway.secrets, signingKeys } };
    await clock.until(postHook(slow, aHook()));
    expect(counted.map(([, , ms]) => ms)).toEqual([0]);
  });
});
