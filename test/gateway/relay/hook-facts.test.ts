import { expect, test } from 'vitest';
import { handshake } from '../../../functions/gateway/relay/handshake.ts';
import { hookFacts } from '../../../functions/gateway/relay/hook-facts.ts';
import { logFinalAnswer } from '../../../functions/gateway/relay/post-hook-with-retries.ts';
import { aConnectRequest } from '../../fakes/a-connect-request.ts';
import { aHook } from '../../fakes/a-hook.ts';
import { aPath } from '../../fakes/a-record.ts';
import { answered } from '../../fakes/fake-app.ts';
import { fakeGateway } from '../../fakes/fake-gateway.ts';

const hook = aHook({
  path: aPath('/room/1'),
  user: 'alice',
  query: 'token=secret',
  body: 'secret',
  state: 'secret',
});

test('a line about a hook names its socket, path and user, and never its query, body or state', () => {
  const { gateway, log } = fakeGateway();
  logFinalAnswer(gateway, hook, { kind: 'refused', status: 400, headers: [], why: 'the app answered 400' });
  const { id: request, event, socket } = hook;
  const fields = {
    request,
    hook: event,
    socket,
    path: '/room/1',
    user: 'alice',
    why: 'the app answered 400',
  };
  expect(log.lines).toEqual([{ level: 'error', event: 'hook_refused', fields }]);
  expect(JSON.stringify(log.lines)).not.toContain('secret');
});

test('a line about a hook without a user names none', () => {
  expect(JSON.stringify(hookFacts({ ...hook, user: '' }))).not.toContain('user');
});

test('a client that is refused because the app fails is named by its socket and path', async () => {
  const { gateway, app, log } = fakeGateway();
  app.answers = [answered(500)];
  const request = aConnectRequest();
  await handshake(gateway, request);
  expect(log.of('handshake_failed')).toMatchObject([
    {
      fields: {
        request: `handshake_${request.socket}`,
        hook: 'handshake',
        socket: request.socket,
        path: '/',
      },
    },
  ]);
});
