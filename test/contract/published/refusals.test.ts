import { afterAll, beforeAll, expect, test } from 'vitest';
import asyncapi from '../../../functions/wire/asyncapi.json' with { type: 'json' };
import { refused } from '../../support/client.ts';
import type { ReceivedHook } from '../../support/conform-hook.ts';
import { type LocalWorld, startLocal } from '../../support/local.ts';
import { rawRequest, upgradeRequest } from '../../support/raw.ts';
import { type Answer, actions } from '../../support/recording-app.ts';
import { asyncApiSchemas } from './schemas.ts';

const validate = asyncApiSchemas(asyncapi)('Refusal');

let world: LocalWorld;
beforeAll(async () => {
  world = await startLocal({ HOOK_TIMEOUT_MS: '1500' });
});
afterAll(() => world.stop());

function check(body: string, code: string, status: number): void {
  const problem = JSON.parse(body);
  expect([problem.code, problem.status]).toEqual([code, status]);
  expect([validate(problem), validate.errors]).toEqual([true, null]);
}

test.for<[string, string, string, number]>([
  ['an empty segment in its path', '/a//b', 'invalid_path', 400],
  ['too long a URL', `/?${'x'.repeat(4_096)}`, 'url_too_long', 414],
  ['a forged ticket', '/?ticket=forged', 'invalid_ticket', 401],
])('a client with %s gets a refusal that asyncapi.json describes', async ([, target, code, status]) => {
  check((await refused(`${world.url}${target}`)).body, code, status);
});

test.for<[string, (hook: ReceivedHook) => Answer | Promise<Answer>, string, number]>([
  ['answers 403', () => 403, 'refused_by_app', 403],
  ['answers 429', () => 429, 'refused_by_app', 429],
  ['answers 500', () => 500, 'app_failed', 502],
  ['answers with unknown actions', () => actions({ repyl: 'x' }), 'app_failed', 502],
  ['answers too late', () => 'hang', 'app_timed_out', 504],
  ['closes the socket meanwhile', closeIt, 'closed_by_app', 403],
])('a client whose app %s gets a refusal that asyncapi.json describes', async ([, decide, code, status]) => {
  world.app.on('/asked', (hook) => (hook.fields['event'] === 'handshake' ? decide(hook) : 204));
  check((await refused(`${world.url}/asked`)).body, code, status);
});

async function closeIt({ fields: { from = '' } }: ReceivedHook): Promise<Answer> {
  await world.api.call('DELETE', `/sockets/${encodeURIComponent(from)}`);
  return 204;
}

test('a request that is no WebSocket handshake gets a refusal that asyncapi.json describes', async () => {
  const answer = await rawRequest(world.gateway.port, upgradeRequest('/', { 'Sec-WebSocket-Version': '7' }));
  check(answer.split('\r\n\r\n')[1] ?? '', 'invalid_upgrade', 400);
});

test.for<[Record<string, string>, string, number]>([
  [{ REQUIRE_TICKET: 'true' }, 'ticket_required', 401],
  [{ ALLOWED_ORIGINS: 'https://a.example' }, 'origin_refused', 403],
])('with %j a client gets a refusal that asyncapi.json describes', async ([settings, code, status]) => {
  const strict = await startLocal(settings);
  check((await refused(`${strict.url}/`, { origin: 'https://b.example' })).body, code, status);
  await strict.stop();
});
