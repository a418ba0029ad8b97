import { describe, expect, test } from 'vitest';
import { flush } from '../../../functions/gateway/deliver/flush.ts';
import { message } from '../../../functions/gateway/relay/message.ts';
import { sweep } from '../../../functions/gateway/sweep/sweep.ts';
import { aConnectRequest } from '../../fakes/a-connect-request.ts';
import { everySchedule } from '../../fakes/every-schedule.ts';
import { acting, answered } from '../../fakes/fake-app.ts';
import { Scene } from '../../fakes/scene.ts';
import { quiet } from '../../fakes/turnstile.ts';
import { arrivedInOrder } from './arrived-in-order.ts';

const request = aConnectRequest();
const { socket, time: now } = request;

/** For a machine that has much else to do; in milliseconds. */
const timeout = 120_000;

/** Plays what is set up here in every order, and looks at what arrived. */
function everyOrder(setUp: (scene: Scene) => void | Promise<void>) {
  return everySchedule(async () => {
    const scene = new Scene(socket);
    scene.check = arrivedInOrder;
    await setUp(scene);
    await quiet();
    return scene;
  });
}

/** Sends these, one after another. */
function says(scene: Scene, who: string, ...bodies: readonly string[]): void {
  scene.begin(who, async (gateway) => {
    for (const body of bodies) await scene.send(gateway, body);
  });
}

describe('in whatever order things happen, each message arrives once, and in order', { timeout }, () => {
  test('while a client is let in, with a flush that comes twice', async () => {
    const seen = await everyOrder((scene) => {
      scene.copies = 2;
      scene.connect(request, answered(204), ['in 1', 'in 2']);
      says(scene, 'sender', 'out 1', 'out 2');
    });
    expect(seen.schedules).toBeGreaterThan(21_000);
  });

  test('while a client is let in, with a flush that comes twice and a sweep', async () => {
    const seen = await everyOrder((scene) => {
      scene.copies = 2;
      scene.connect(request, answered(204), ['in 1']);
      says(scene, 'sender', 'out 1');
      scene.begin('sweep', (gateway) => sweep(gateway, 0));
    });
    expect(seen.schedules).toBeGreaterThan(250_000);
  });

  test('while a client is let in with a reply and nothing else', async () => {
    const seen = await everyOrder((scene) => {
      scene.expectReply('welcome');
      scene.connect(request, acting({ reply: 'welcome' }));
      says(scene, 'sender', 'out 1', 'out 2');
    });
    expect(seen.schedules).toBeGreaterThan(1_000);
  });

  test('while a client is let in whose connection comes late', async () => {
    const seen = await everyOrder((scene) => {
      scene.connect(request, answered(204), ['in 1']);
      scene.refusePosts(2, 'gone');
      says(scene, 'sender', 'out 1', 'out 2');
    });
    expect(seen.schedules).toBeGreaterThan(9_000);
  });

  test('while two others send to a client that is let in', async () => {
    const seen = await everyOrder((scene) => {
      scene.connect(request, answered(204), ['in 1']);
      says(scene, 'alice', 'from alice 1', 'from alice 2');
      says(scene, 'bob', 'from bob');
    });
    expect(seen.schedules).toBeGreaterThan(700_000);
  });

  test('while the client’s own message is answered', async () => {
    const seen = await everyOrder(async (scene) => {
      await scene.stand({ status: 'accepted' }, ['in 1']);
      scene.world.app.answers = [acting({ reply: 'reply' })];
      scene.expectReply('reply');
      scene.begin('client', (gateway) => message(gateway, { socket, id: 'm', body: 'x', time: now }));
      scene.begin('flush', (gateway) => flush(gateway, socket));
      says(scene, 'sender', 'out 1', 'out 2');
    });
    expect(seen.schedules).toBeGreaterThan(100_000);
  });

  test('while a flush that was lost is queued again by two sweeps', async () => {
    const seen = await everyOrder(async (scene) => {
      await scene.stand({ status: 'accepted', acceptedAt: now - 90_000 }, ['in 1', 'in 2']);
      scene.begin('sweep', (gateway) => sweep(gateway, 0));
      scene.begin('later sweep', (gateway) => sweep(gateway, 1));
      says(scene, 'sender', 'out 1', 'out 2');
    });
    expect(seen.schedules).toBeGreaterThan(3_000_000);
  });

  test('while a flush is throttled and comes again', async () => {
    const seen = await everyOrder(async (scene) => {
      await scene.stand({ status: 'accepted' }, ['in 1', 'in 2']);
      scene.refusePosts(2, 'throttled');
      scene.begin('flush', (gateway) =>
        flush({ ...gateway, deadline: gateway.clock.monotonic() + 1 }, socket),
      );
      scene.begin('other flush', (gateway) =>
        flush({ ...gateway, deadline: gateway.clock.monotonic() + 1 }, socket),
      );
      says(scene, 'sender', 'out 1', 'out 2');
    });
    expect(seen.schedules).toBeGreaterThan(50_000);
  });
});
