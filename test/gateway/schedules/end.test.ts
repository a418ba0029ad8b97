import { describe, expect, test } from 'vitest';
import { flush } from '../../../functions/gateway/deliver/flush.ts';
import { postToConnection } from '../../../functions/gateway/deliver/post-to-connection.ts';
import { closeSocket } from '../../../functions/gateway/end/close-socket.ts';
import { runTask } from '../../../functions/gateway/run-task.ts';
import { sweep } from '../../../functions/gateway/sweep/sweep.ts';
import { aConnectRequest } from '../../fakes/a-connect-request.ts';
import { everySchedule } from '../../fakes/every-schedule.ts';
import { answered } from '../../fakes/fake-app.ts';
import { Scene } from '../../fakes/scene.ts';
import { quiet } from '../../fakes/turnstile.ts';
import { keptOrder } from './arrived-in-order.ts';

const request = aConnectRequest();
const { socket, time: now } = request;
/** A post that finds a connection gone is believed after the first pause, and each sweep probes everybody. */
const given = {
  settings: { probeMinutes: 1 },
  policy: { goneGraceMs: 100, retry: { attempts: 1, withinMs: 0 } },
};

/** For a machine that has much else to do; in milliseconds. */
const timeout = 120_000;

/** Plays what is set up here in every order; the app is told once, with one of these codes, and nothing is left. */
function toldOnce(
  codes: readonly string[],
  setUp: (scene: Scene) => void | Promise<void>,
  isToldEarly: readonly boolean[] = [false],
) {
  return everySchedule(async () => {
    const scene = new Scene(socket, given);
    scene.check = async () => {
      keptOrder(scene);
      expect(scene.told).toHaveLength(1);
      expect(codes).toContain(scene.told[0]);
      expect(isToldEarly).toContain(scene.isToldEarly);
      expect(await scene.record()).toBeUndefined();
    };
    await setUp(scene);
    await quiet();
    return scene;
  });
}

/** Plays what is set up here in every order; the app is told nothing, nothing arrives, and nothing is left. */
function neverTold(setUp: (scene: Scene) => void) {
  return everySchedule(async () => {
    const scene = new Scene(socket, given);
    scene.check = async () => {
      keptOrder(scene);
      expect(scene.admission?.kind).toBe('refused');
      expect([scene.told, scene.arrived, await scene.record()]).toEqual([[], [], undefined]);
    };
    setUp(scene);
    await quiet();
    return scene;
  });
}

describe('in whatever order it is found, an end is told once', { timeout }, () => {
  test('of a client that goes while it is let in', async () => {
    const seen = await toldOnce(['1001', '1006'], (scene) => {
      scene.copies = 2;
      scene.connect(request, answered(204));
      scene.leave();
    });
    expect(seen.schedules).toBeGreaterThan(100);
  });

  test('of a client that goes while it is let in, and messages are sent to it', async () => {
    const seen = await toldOnce(['1001', '1006'], (scene) => {
      scene.connect(request, answered(204), ['in 1']);
      scene.leave();
      scene.begin('sender', (gateway) => scene.send(gateway, 'out 1'));
    });
    expect(seen.schedules).toBeGreaterThan(250_000);
  });

  test('of a client that goes while it is let in, and a sweep comes by', async () => {
    const seen = await toldOnce(['1001', '1006'], (scene) => {
      scene.connect(request, answered(204), ['in 1']);
      scene.leave();
      scene.begin('sweep', (gateway) => sweep(gateway, 0));
    });
    expect(seen.schedules).toBeGreaterThan(35_000);
  });

  test('of a client that the app closes while it is let in', async () => {
    const seen = await toldOnce(['1000', '1001', '1006'], (scene) => {
      scene.connect(request, answered(204), ['in 1']);
      scene.begin('closer', async (gateway) => {
        // Too early: the client goes by itself.
        if ((await closeSocket(gateway, socket)) === 'gone') scene.leave();
      });
    });
    expect(seen.schedules).toBeGreaterThan(13_000);
  });

  test('of a client that goes while messages wait for it', async () => {
    const seen = await toldOnce(['1001', '1006'], async (scene) => {
      await scene.stand({ status: 'accepted', acceptedAt: now - 90_000 }, ['in 1', 'in 2']);
      scene.leave();
      scene.begin('flush', (gateway) => flush(gateway, socket));
      scene.begin('sender', (gateway) => scene.send(gateway, 'out 1'));
    });
    expect(seen.schedules).toBeGreaterThan(8_000);
  });

  test('of a client that has gone, by all who can find it', async () => {
    const seen = await toldOnce(['1001', '1006'], async (scene) => {
      scene.copies = 2;
      const record = await scene.stand({ openedAt: now - 90_000, acceptedAt: now - 90_000 });
      scene.leave();
      scene.begin('sender', async (gateway) => postToConnection(gateway, record, 'x'));
      scene.begin('sweep', (gateway) => sweep(gateway, 0));
    });
    expect(seen.schedules).toBeGreaterThan(40_000);
  });

  test('of a client whose session waits for its turn to tell, by all who can find it', async () => {
    const seen = await toldOnce(['1000', '1001', '1006'], async (scene) => {
      await scene.stand({ openedAt: now - 90_000, acceptedAt: now - 90_000 });
      scene.leave('session');
      scene.begin('closer', (gateway) => closeSocket(gateway, socket));
      scene.begin('sweep', (gateway) => sweep(gateway, 0));
      scene.begin('task', (gateway) => runTask(gateway, { kind: 'closed', socket }));
    });
    expect(seen.schedules).toBeGreaterThan(5_000_000);
  });

  test('of a client that is too old, by all who can find it', async () => {
    const seen = await toldOnce(['1001', '1006'], async (scene) => {
      scene.copies = 2;
      await scene.stand({ openedAt: now - 7_500_000, acceptedAt: now - 7_500_000 });
      scene.leave();
      scene.begin('sweep', (gateway) => sweep(gateway, 0));
      scene.begin('later sweep', (gateway) => sweep(gateway, 1));
    });
    expect(seen.schedules).toBeGreaterThan(50_000);
  });

  test('of a client about which nobody knows what the app decided', async () => {
    const seen = await toldOnce(['1001', '1006'], (scene) => {
      scene.copies = 2;
      scene.connect(request, { kind: 'timeout' }, ['in 1']);
      scene.leave();
      scene.begin('sweep', (gateway) => sweep(gateway, 0));
    });
    expect(seen.schedules).toBeGreaterThan(20_000);
  });

  test('of a client whose handshake takes so long that a sweep gives it up', async () => {
    const setUp = (scene: Scene): void => {
      scene.connect({ ...request, time: now - 90_000 }, answered(204));
      scene.leave();
      scene.begin('sweep', (gateway) => sweep(gateway, 0));
    };
    const seen = await toldOnce(['1001', '1006'], setUp, [false, true]);
    expect(seen.schedules).toBeGreaterThan(5_000);
  });
});

describe('in whatever order things happen, a client that is refused leaves no trace', { timeout }, () => {
  test('with messages sent to it, and one who closes it', async () => {
    const seen = await neverTold((scene) => {
      scene.connect(request, answered(403), ['in 1', 'in 2']);
      scene.begin('sender', (gateway) => scene.send(gateway, 'out 1'));
      scene.begin('closer', (gateway) => closeSocket(gateway, socket));
    });
    expect(seen.schedules).toBeGreaterThan(900);
  });

  test('though it goes while the app is being asked, and a sweep comes by', async () => {
    const seen = await neverTold((scene) => {
      scene.connect(request, answered(403), ['in 1']);
      scene.leave();
      scene.begin('sweep', (gateway) => sweep(gateway, 0));
    });
    expect(seen.schedules).toBeGreaterThan(150);
  });
});
