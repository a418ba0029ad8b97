import { expect, test } from 'vitest';
import { disconnect } from '../../../functions/gateway/relay/disconnect.ts';
import { handshake } from '../../../functions/gateway/relay/handshake.ts';
import { hookEvents } from '../../../functions/wire/hook.ts';
import { type SocketId, socketIdFrom } from '../../../functions/wire/socket-id.ts';
import { aConnectRequest } from '../../fakes/a-connect-request.ts';
import { groupName } from '../../fakes/group-names.ts';
import { Random } from '../../simulate/random.ts';
import { deployed } from './random-play.ts';
import { Stage } from './stage.ts';
import { PresenceWorld } from './world.ts';

const graceMs = 5_000;
const crowd = 1_000;

/** A world as on AWS, in which so many sockets of one user can come and go. */
function begun() {
  const trace: string[] = [];
  const trouble = { killing: 0, slowestMs: 20, lifeMs: 85_000, mostHappenings: 1_000_000 };
  const stage = new Stage(new Random(1), trouble, trace);
  const world = new PresenceWorld(
    stage,
    { copies: 1, lateMs: 20, isOnce: false },
    { settings: { hooks: new Set(hookEvents), presenceGraceMs: graceMs }, policy: deployed },
  );
  // Who is there is not looked at after each of so many effects.
  stage.onEffect = () => {};
  return { stage, world, trace };
}

function socketNumber(at: number): SocketId {
  const id = Buffer.alloc(11);
  id.writeUInt32LE(at);
  return socketIdFrom(id);
}

test(`${crowd} sockets of one user that end at once are one left in time, and a few requests each`, async () => {
  const { stage, world, trace } = begun();
  const sockets = Array.from({ length: crowd }, (_, at) => socketNumber(at));
  for (const socket of sockets) {
    world.answers.set(`handshake_${socket}`, { user: 'alice', join: [groupName('lobby')] });
    const request = aConnectRequest({ socket, time: stage.clock.now() });
    void world.begin('handshake', (gateway) => handshake(gateway, request));
  }
  await stage.untilTrue(() => world.isOver);
  expect(world.ledger.heard.map(({ event }) => event)).toEqual(['joined']);

  trace.length = 0;
  const endsAt = stage.now;
  for (const socket of sockets)
    void world.begin('disconnect', (gateway) => disconnect(gateway, socket, { code: 1001, reason: '' }));
  await stage.untilTrue(() => world.isOver);
  const [, left, ...others] = world.ledger.heard;
  expect([left?.event, others]).toEqual(['left', []]);
  const late = (left?.at ?? 0) - endsAt - graceMs;
  expect(late, 'milliseconds after the grace').toBeLessThan(1_000);
  const calls = trace.filter((line) => /^\S+ presence (?!.*(?:begins|done)$)/.test(line));
  const queued = trace.filter((line) => line.includes('queue presence'));
  expect(calls.length, 'calls of all looks').toBeLessThan(crowd * 1.5);
  expect(queued.length, 'looks that are queued').toBeLessThan(crowd + 10);
}, 120_000);
