import { beforeEach, expect, test } from 'vitest';
import { hookOutcomes } from '../../functions/local/metrics/hook-counts.ts';
import { MeteredHooks } from '../../functions/local/metrics/metered-hooks.ts';
import type { AppResponse } from '../../functions/wire/answer.ts';
import { hookEvents } from '../../functions/wire/hook.ts';
import { answered } from '../fakes/fake-app.ts';

let told: string[];
let hooks: MeteredHooks;
beforeEach(() => {
  told = [];
  hooks = new MeteredHooks({
    answered: () => void told.push('answered'),
    failed: (why) => void told.push(why),
  });
});

test('each kind of hook is counted apart from the others, with its time in seconds', () => {
  for (const [at, event] of hookEvents.entries()) {
    for (let times = 0; times <= at; times++) hooks.posted(event, answered(204), 250);
  }
  const counts = hookEvents.map((event) => hooks.counts[event]);
  expect(counts.map(({ outcomes }) => outcomes[0])).toEqual([1, 2, 3, 4, 5]);
  expect(counts.map(({ seconds }) => seconds)).toEqual([0.25, 0.5, 0.75, 1, 1.25]);
});

test.for<[outcome: (typeof hookOutcomes)[number], response: AppResponse, said: string | undefined]>([
  ['2xx', answered(204), 'answered'],
  ['3xx', answered(302), 'answered'],
  ['4xx', answered(404), 'answered'],
  ['5xx', answered(500), 'answered'],
  ['5xx', answered(503), 'the app answered 503'],
  ['timeout', { kind: 'timeout' }, 'the app did not answer in time'],
  ['broken', { kind: 'broken', why: 'ECONNRESET' }, 'ECONNRESET'],
  ['unreachable', { kind: 'unreachable', why: 'ECONNREFUSED' }, 'ECONNREFUSED'],
  ['unreachable', { kind: 'unreachable', why: 'EMFILE', isOurs: true }, undefined],
])('a hook whose outcome is %s says whether the app is there (%j)', ([outcome, response, said]) => {
  hooks.posted('message', response, 1);
  expect(hooks.counts.message.outcomes).toEqual(hookOutcomes.map((one) => (one === outcome ? 1 : 0)));
  expect(told).toEqual(said === undefined ? [] : [said]);
});
