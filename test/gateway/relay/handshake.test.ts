import { expect, test } from 'vitest';
import { handshake } from '../../../functions/gateway/relay/handshake.ts';
import { ok } from '../../../functions/wire/result.ts';
import { aConnectRequest } from '../../fakes/a-connect-request.ts';
import { aPath } from '../../fakes/a-record.ts';
import { answered } from '../../fakes/fake-app.ts';
import { fakeGateway } from '../../fakes/fake-gateway.ts';

test('an app that refuses is warned of once for each status, with the URL and without the query', async () => {
  const { gateway, app, log } = fakeGateway();
  app.answers = [401, 404, 401, 404, 403, 501].map((status) => answered(status));
  const target = ok({ kind: 'path', path: aPath('/room/1'), query: 'token=secret' } as const);
  for (let request = 0; request < 6; request++) {
    expect(await handshake(gateway, aConnectRequest({ target }))).toMatchObject({ kind: 'refused' });
  }
  const url = `${gateway.settings.webhookBaseUrl}/handshake/room/1`;
  const advice = expect.stringContaining('webhook secret');
  expect(log.lines).toEqual(
    [401, 404, 403, 502].map((status) => ({
      level: 'warn',
      event: 'handshake_refused',
      fields: { status, url, advice },
    })),
  );
});

test('an app that lets everybody in is not warned of', async () => {
  const { gateway, log } = fakeGateway();
  expect(await handshake(gateway, aConnectRequest())).toMatchObject({ kind: 'accepted' });
  expect(log.lines).toEqual([]);
});
