import { describe, expect, test } from 'vitest';
import { closedHook, messageHook, presenceHook } from '../../../functions/gateway/relay/hooks.ts';
import { postHookWithRetries } from '../../../functions/gateway/relay/post-hook-with-retries.ts';
import { aGroup, aRecord } from '../../fakes/a-record.ts';
import { answered } from '../../fakes/fake-app.ts';
import { fakeGateway } from '../../fakes/fake-gateway.ts';

const record = aRecord({ status: 'open' });
const aMessage = messageHook(record, { id: '1', body: 'secret words', time: 5 });
const aClosed = closedHook(record, { code: 1000, reason: '', time: 5 });
const aPresence = (event: 'joined' | 'left') => {
  const telling = { event, socket: record.socket, path: record.path, time: 5, rounds: 0 };
  return presenceHook({ group: aGroup('room:1'), subject: 'u:alice' }, telling, 7);
};
const actionsType = 'application/vnd.sockethook+json';

describe('a hook that fails', () => {
  test('is tried again under one id, each time signed anew, and is not lost if it gets through', async () => {
    const { gateway, app, clock, log } = fakeGateway();
    app.answers = [answered(503), { kind: 'timeout' }, answered(204)];
    expect(await clock.until(postHookWithRetries(gateway, aMessage))).toMatchObject({ kind: 'accepted' });
    expect(new Set(app.requests.map(({ headers }) => headers['webhook-id']))).toEqual(new Set(['message_1']));
    expect(new Set(app.requests.map(({ headers }) => headers['webhook-timestamp'])).size).toBeGreaterThan(1);
    expect(log.of('hook_retried')).toHaveLength(2);
    expect(log.of('hook_lost')).toEqual([]);
  });

  test('for good has failed, and what becomes of it is not decided here', async () => {
    const { gateway, app, clock, log } = fakeGateway();
    app.answers = Array.from({ length: 9 }, () => answered(500));
    expect(await clock.until(postHookWithRetries(gateway, aMessage))).toMatchObject({ kind: 'failed' });
    expect(app.requests).toHaveLength(3);
    expect(log.of('hook_retried')).toHaveLength(2);
    expect(log.of('hook_lost')).toEqual([]);
    expect(JSON.stringify(log.lines)).not.toContain('secret words');
  });

  test('is left alone as long as the app asks', async () => {
    const { gateway, app, clock, log } = fakeGateway();
    app.answers = [answered(429, { retryAfter: '7' })];
    const begun = clock.now();
    await clock.until(postHookWithRetries(gateway, aMessage));
    expect(clock.now() - begun).toBe(7_000);
    expect(log.of('hook_retried')).toMatchObject([{ level: 'warn', fields: { pause: 7_000 } }]);
  });

  test.for([429, 503])(
    'with %i is tried no less often when the app asks for longer than the settings allow',
    async (status) => {
      const { gateway, app, clock } = fakeGateway();
      const overloaded = answered(status, { retryAfter: '3600' });
      app.answers = [overloaded, overloaded];
      expect(await clock.until(postHookWithRetries(gateway, aMessage))).toMatchObject({ kind: 'accepted' });
      // In all 10 s, of which the last pause has the 1.5 s that it may have without being asked.
      expect(clock.slept).toEqual([8_500, 1_500]);
    },
  );

  test.for([aClosed, aPresence('joined'), aPresence('left')])(
    'and that can be put off for as long as the app asks, as $event can, is left alone at once',
    async (hook) => {
      const { gateway, app, clock } = fakeGateway();
      app.answers = [answered(503, { retryAfter: '3600' })];
      const answer = await clock.until(postHookWithRetries(gateway, hook));
      expect(answer).toMatchObject({ kind: 'failed', retryAfter: 3_600_000 });
      expect(app.requests).toHaveLength(1);
    },
  );

  test('is tried no more when too little of the run is left for that', async () => {
    const { gateway, app, clock } = fakeGateway();
    // Pauses of 375 and 1,125 ms, a second for the last try, and one for what its answer asks for.
    app.answers = [answered(503), answered(503)];
    const hurried = { ...gateway, deadline: clock.monotonic() + 3_499 };
    expect(await clock.until(postHookWithRetries(hurried, aMessage))).toMatchObject({ kind: 'failed' });
    expect(app.requests).toHaveLength(2);
    app.answers = [answered(503), answered(503)];
    const enough = { ...gateway, deadline: clock.monotonic() + 3_500 };
    expect(await clock.until(postHookWithRetries(enough, aMessage))).toMatchObject({ kind: 'accepted' });
  });

  test('is tried before its run is over though the app asks for longer', async () => {
    const { gateway, app, clock } = fakeGateway();
    app.answers = [answered(503, { retryAfter: '60' }), answered(503, { retryAfter: '60' })];
    const hurried = { ...gateway, deadline: clock.monotonic() + 6_000 };
    const began = clock.monotonic();
    expect(await clock.until(postHookWithRetries(hurried, aMessage))).toMatchObject({ kind: 'accepted' });
    expect(clock.slept, 'pauses').toEqual(expect.arrayContaining([2_500, 1_500]));
    // Other sleeps bound what the breaker may take.
    expect(clock.monotonic() - began, 'both pauses, and nothing else').toBe(4_000);
  });

  test('is given no more time than is left of the run, less a second for what its answer asks for', async () => {
    const { gateway, app, clock } = fakeGateway();
    for (const left of [4_000, 11_000, 12_000, 1_001]) {
      await postHookWithRetries({ ...gateway, deadline: clock.monotonic() + left }, aMessage);
    }
    expect(app.requests.map(({ timeoutMs }) => timeoutMs)).toEqual([3_000, 10_000, 10_000, 1]);
    expect(
      await postHookWithRetries({ ...gateway, deadline: clock.monotonic() + 1_000 }, aMessage),
    ).toMatchObject({
      kind: 'failed',
    });
    expect(app.requests).toHaveLength(4);
  });

  test('for which no time is left in the end has failed as the attempt before it has', async () => {
    const { gateway, app, clock } = fakeGateway();
    app.answers = [answered(503)];
    let asked = 0;
    // Another process takes all of the time that was left when the second attempt was put off.
    const signingKeys = async () => {
      asked += 1;
      if (asked === 2) await clock.sleep(60_000);
      return gateway.secrets.signingKeys();
    };
    const hurried = {
      ...gateway,
      secrets: { ...gateway.secrets, signingKeys },
      deadline: clock.monotonic() + 5_000,
    };
    expect(await clock.until(postHookWithRetries(hurried, aMessage))).toMatchObject({
      why: 'the app answered 503',
    });
    expect([asked, app.requests.length]).toEqual([2, 1]);
  });

  test('is given up when the next of its growing pauses does not fit any more', async () => {
    const { gateway, app, clock } = fakeGateway({ policy: { retry: { attempts: 9, withinMs: 10_000 } } });
    app.answers = Array.from({ length: 9 }, () => answered(429, { retryAfter: '4' }));
    await clock.until(postHookWithRetries(gateway, aMessage));
    expect(app.requests).toHaveLength(4);
    expect(clock.slept).toEqual([375, 1_125, 3_375]);
  });
});

describe('a hook that the app refuses', () => {
  test.for([
    { hook: aMessage, status: 400, event: 'hook_refused' },
    { hook: aClosed, status: 410, event: 'hook_refused' },
    { hook: aMessage, status: 404, event: 'hook_refused' },
    { hook: aMessage, status: 501, event: 'hook_refused' },
  ])(
    'with $status ($hook.event) is logged in one line and not tried again',
    async ({ hook, status, event }) => {
      const { gateway, app, log } = fakeGateway();
      app.answers = [answered(status)];
      await postHookWithRetries(gateway, hook);
      expect(app.requests).toHaveLength(1);
      const fields = { request: hook.id, why: `the app answered ${status}` };
      expect(log.lines).toMatchObject([{ level: 'error', event, fields }]);
    },
  );

  test('with actions that can’t be read is logged in one line and not tried again', async () => {
    const { gateway, app, log } = fakeGateway();
    app.answers = [answered(200, { contentType: actionsType, body: '{"replay":"x"}' })];
    expect(await postHookWithRetries(gateway, aMessage)).toMatchObject({ kind: 'invalid' });
    expect(app.requests).toHaveLength(1);
    expect(log.lines).toMatchObject([{ level: 'error', event: 'answer_invalid' }]);
  });

  test.for([404, 405, 501])('closed hooks that are not wanted (%i) are warned of once', async (status) => {
    const { gateway, app, log } = fakeGateway();
    app.answers = [answered(status), answered(status), answered(status)];
    for (let post = 0; post < 3; post++) {
      expect(await postHookWithRetries(gateway, aClosed)).toEqual({ kind: 'unwanted', status });
    }
    expect(log.lines).toMatchObject([{ level: 'warn', event: 'closed_unwanted', fields: { status } }]);
  });

  test.for([404, 405, 501])(
    'joined and left that are not wanted (%i) are warned of once each',
    async (status) => {
      const { gateway, app, log } = fakeGateway();
      app.answers = Array.from({ length: 4 }, () => answered(status));
      for (const event of ['joined', 'left', 'joined', 'left'] as const)
        expect(await postHookWithRetries(gateway, aPresence(event))).toEqual({ kind: 'unwanted', status });
      expect(log.lines).toMatchObject([
        { level: 'warn', event: 'presence_unwanted', fields: { hook: 'joined', status } },
        { level: 'warn', event: 'presence_unwanted', fields: { hook: 'left', status } },
      ]);
    },
  );

  test('an answer that looks like actions of another type is warned of once', async () => {
    const { gateway, app, log } = fakeGateway();
    const looksLike = answered(200, { contentType: 'application/json', body: '{"reply":"x"}' });
    app.answers = [looksLike, looksLike];
    for (let post = 0; post < 2; post++) await postHookWithRetries(gateway, aMessage);
    const fields = { hook: 'message', advice: expect.stringContaining('application/vnd.sockethook+json') };
    expect(log.lines).toMatchObject([{ level: 'warn', event: 'unmarked_actions', fields }]);
  });
});
