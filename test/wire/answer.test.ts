import { expect, test } from 'vitest';
import { actionsType } from '../../functions/wire/action-rules.ts';
import { noActions } from '../../functions/wire/actions.ts';
import { type Answer, type AppResponse, parseRetryAfter, readAnswer } from '../../functions/wire/answer.ts';
import { form } from '../../functions/wire/formats/form.ts';
import { type HookEvent, hookEvents } from '../../functions/wire/hook.ts';

const now = Date.UTC(2026, 0, 1);

function answerTo(event: HookEvent, response: AppResponse): Answer {
  return readAnswer(response, form, { event, offered: [], messageBytes: 10 }, now);
}

function answered(status: number, more: { contentType?: string; retryAfter?: string; body?: string } = {}) {
  return {
    kind: 'response',
    status,
    contentType: 'text/plain',
    retryAfter: '',
    body: 'OK',
    ...more,
  } as const;
}

const statuses = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, at) => from + at);
const eachEvent = (rows: readonly number[]) =>
  rows.flatMap((status) => hookEvents.map((event): [number, HookEvent] => [status, event]));
const special = new Set([404, 405, 408, 425, 429]);

test.for(eachEvent([200, 201, 202, 204, 299]))(
  'a %i to a %s accepts, its body ignored',
  ([status, event]) => {
    expect(answerTo(event, answered(status))).toEqual({ kind: 'accepted', actions: noActions });
  },
);

test.for(hookEvents)('a 2xx to a %s with an actions document brings the actions', (event) => {
  const body = '{"broadcast":[{"body":"x"}]}';
  const actions = { ...noActions, broadcast: [{ body: 'x', except: [] }] };
  const answer = answerTo(event, answered(200, { contentType: actionsType, body }));
  expect(answer).toEqual({ kind: 'accepted', actions });
});

test.for(hookEvents)('a 2xx to a %s with actions that can’t be read is invalid, and says why', (event) => {
  const unreadable = 'The answer has Content-Encoding gzip.';
  const response = { ...answered(200, { contentType: actionsType, body: '' }), unreadable };
  const error = { code: 'malformed_body', detail: unreadable };
  expect(answerTo(event, response)).toEqual({ kind: 'invalid', error });
  // It was never to be read.
  const ignored = { ...answered(200, { contentType: 'application/json', body: '' }), unreadable };
  expect(answerTo(event, ignored)).toEqual({ kind: 'accepted', actions: noActions });
});

test.for<[event: HookEvent, body: string, field: string | undefined]>([
  ['handshake', '{"close":true}', 'close'],
  ['message', '{"user":"alice"}', 'user'],
  ['message', '{"reply":"more than ten bytes"}', 'reply'],
  ['closed', '{"reply":"x"}', 'reply'],
  ['closed', 'OK', undefined],
  ['message', ' ', undefined],
])('a 2xx to a %s with the actions %j is invalid', ([event, body, field]) => {
  const answer = answerTo(event, answered(200, { contentType: actionsType, body }));
  const error = field === undefined ? { code: 'malformed_body' } : { code: 'invalid_field', field };
  expect(answer).toMatchObject({ kind: 'invalid', error });
});

test.for([408, 425, 429])('a %i refuses a handshake and puts off the rest', (status) => {
  const why = `the app answered ${status}`;
  const tasks = { kind: 'failed', status: 502, why, mayHaveAccepted: false, isAway: true };
  expect(answerTo('handshake', answered(status))).toEqual({ kind: 'refused', status, why });
  expect(answerTo('message', answered(status))).toEqual(tasks);
  expect(answerTo('closed', answered(status))).toEqual(tasks);
});

test.for<[status: number, shown: number]>([
  [404, 404],
  [405, 405],
  [501, 502],
])('a %i refuses a handshake with %i and says that the rest is not wanted', ([status, shown]) => {
  const why = `the app answered ${status}`;
  expect(answerTo('handshake', answered(status))).toEqual({ kind: 'refused', status: shown, why });
  expect(answerTo('message', answered(status))).toEqual({ kind: 'unwanted', status });
  expect(answerTo('closed', answered(status))).toEqual({ kind: 'unwanted', status });
});

test.for(hookEvents)('any other 4xx refuses a %s with that status', (event) => {
  for (const status of statuses(400, 499).filter((code) => !special.has(code))) {
    const why = `the app answered ${status}`;
    expect(answerTo(event, answered(status))).toEqual({ kind: 'refused', status, why });
  }
});

test.for(hookEvents)('a redirect fails a %s: it is not followed, and nobody accepted', (event) => {
  for (const status of statuses(300, 399)) {
    const why = `the app answered ${status}`;
    const failed = { kind: 'failed', status: 502, why, mayHaveAccepted: false, isAway: false };
    expect(answerTo(event, answered(status))).toEqual(failed);
  }
});

test.for(hookEvents)(
  'a 5xx fails a %s, leaves open what the app decided, and says if it is away',
  (event) => {
    for (const status of statuses(500, 599).filter((code) => code !== 501)) {
      const why = `the app answered ${status}`;
      const isCloudflare = (status >= 520 && status <= 527) || status === 530;
      const isAway = (status >= 502 && status <= 504) || isCloudflare;
      const failed = { kind: 'failed', status: 502, why, mayHaveAccepted: true, isAway };
      expect(answerTo(event, answered(status))).toEqual(failed);
    }
  },
);

test.for(hookEvents)('no answer to a %s in time is a 504, and the app may have accepted', (event) => {
  const why = 'the app did not answer in time';
  const failed = { kind: 'failed', status: 504, why, mayHaveAccepted: true, isAway: true };
  expect(answerTo(event, { kind: 'timeout' })).toEqual(failed);
});

test.for(hookEvents)('an app that a %s never reached has not accepted', (event) => {
  const why = 'ECONNREFUSED';
  const failed = { kind: 'failed', status: 502, why, mayHaveAccepted: false, isAway: true };
  expect(answerTo(event, { kind: 'unreachable', why })).toEqual(failed);
});

test.for(hookEvents)('an app whose answer to a %s is broken may have accepted', (event) => {
  const why = 'cut off';
  const failed = { kind: 'failed', status: 502, why, mayHaveAccepted: true, isAway: true };
  expect(answerTo(event, { kind: 'broken', why })).toEqual(failed);
});

test.for<[status: number, retryAfter: string, pause: number | undefined]>([
  [429, '120', 120_000],
  [503, '0', 0],
  [503, 'Thu, 01 Jan 2026 00:01:00 GMT', 60_000],
  [302, '5', 5_000],
  [503, 'soon', undefined],
  [500, '', undefined],
])('a %i with Retry-After %j asks for a pause of %j ms', ([status, retryAfter, pause]) => {
  const answer = answerTo('message', answered(status, { retryAfter }));
  expect(answer.kind === 'failed' && answer.retryAfter).toBe(pause);
});

test.for<[value: string, pause: number | undefined]>([
  ['0', 0],
  ['999999999', 999_999_999_000],
  ['1000000000', undefined],
  ['Thu, 01 Jan 2026 00:00:01 GMT', 1_000],
  ['Thursday, 01-Jan-26 00:00:01 GMT', 1_000],
  ['Wed, 31 Dec 2025 23:59:59 GMT', 0],
  ['', undefined],
  ['soon', undefined],
])('Retry-After %j is %j ms from now', ([value, pause]) => {
  expect(parseRetryAfter(value, now)).toBe(pause);
});

// Date.parse takes these for days in 2001, so the pause is 0 instead of none.
test.for(['-5', '1.5', '+5', 'in 5'])('Retry-After %j is neither seconds nor a date', (value) => {
  expect(parseRetryAfter(value, now)).toBeUndefined();
});

test.for(['Application/VND.SocketHook+JSON', `${actionsType}; charset=utf-8`])(
  '%j marks actions',
  (contentType) => {
    const answer = answerTo('message', answered(200, { contentType, body: '{"reply":"hi"}' }));
    expect(answer).toEqual({ kind: 'accepted', actions: { ...noActions, reply: 'hi' } });
  },
);

const looks = ['reply', 'send', 'broadcast', 'close', 'state'].map((field) => `{"${field}": "x"}`);

test.for([...looks, ' {\n"id": 1, "reply" : "x"}'])(
  'the JSON %j is ignored, with a hint at the right type',
  (body) => {
    for (const contentType of ['application/json', 'Application/JSON; charset=utf-8', 'application/x+json']) {
      const answer = answerTo('message', answered(200, { contentType, body }));
      expect(answer).toEqual({ kind: 'accepted', actions: noActions, hint: 'unmarked_actions' });
    }
  },
);

test.for<[contentType: string, body: string]>([
  ['application/json', '{"ok":true}'],
  ['application/json', '["reply"]'],
  ['application/json', '"reply"'],
  ['application/json', ''],
  ['text/plain', '{"reply":"x"}'],
  ['text/html', '{"reply":"x"}'],
  ['application/jsonp', '{"reply":"x"}'],
  ['', '{"reply":"x"}'],
  [actionsType, '{"reply":"x"}'],
])('there is no hint for an answer of type %j with the body %j', ([contentType, body]) => {
  expect(answerTo('message', answered(200, { contentType, body }))).not.toHaveProperty('hint');
});
