import { expect, test } from 'vitest';
import { aConnectRequest } from '../../fakes/a-connect-request.ts';
import { everySchedule } from '../../fakes/every-schedule.ts';
import { answered } from '../../fakes/fake-app.ts';
import { Scene } from '../../fakes/scene.ts';
import { quiet } from '../../fakes/turnstile.ts';

const request = aConnectRequest();

test('two messages that are sent during a handshake arrive once each', async () => {
  const seen = await everySchedule(async () => {
    const scene = new Scene(request.socket);
    scene.connect(request, answered(204), ['from the app']);
    scene.begin('sender', (gateway) => scene.send(gateway, 'from a sender'));
    scene.check = async () => {
      const promised = scene.sent.filter(({ outcome }) => outcome !== 'gone');
      expect([...scene.arrived].sort()).toEqual(promised.map(({ body }) => body).sort());
    };
    await quiet();
    return scene;
  });
  expect(seen.schedules).toBeGreaterThan(100);
});
