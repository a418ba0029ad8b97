import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { freshPath } from '../contract/gateway/world.ts';
import { type Client, connect } from '../support/client.ts';
import { actions } from '../support/recording-app.ts';
import { Cloud, type Opened } from './cloud.ts';
import { GroupChecks } from './group-checks.ts';
import { PartitionLimit } from './throttled.ts';

/** A part of DynamoDB's limit, and of the sockets that come and go, so that one machine can run it. */
const scale = 25;
const perSecond = { writes: 1_000 / scale, sockets: 400 / scale };

let cloud: Cloud;
let groups: GroupChecks;
beforeAll(async () => {
  cloud = await Cloud.start();
  groups = new GroupChecks(cloud);
});
afterEach(() => {
  cloud.wires.meddler = {};
});
afterAll(() => cloud.stop());

/** Joins the lobby in its handshake, and leaves it when it ends. */
async function visit(path: string): Promise<void> {
  cloud.app.on(path, ({ fields: { event } }) => (event === 'handshake' ? actions({ join: ['lobby'] }) : 204));
  const client: Client = await connect(cloud.at(path));
  await client.close();
}

describe('a lobby that 400 sockets a second join and leave, which are 800 writes of the 1,000 that DynamoDB takes', () => {
  test('lets every one of them in and out, half a second after a wave that was too much', {
    timeout: 60_000,
  }, async () => {
    // The functions have started when the load begins.
    await visit(freshPath());
    await cloud.settled();
    const limit = new PartitionLimit(perSecond.writes, -0.5);
    cloud.wires.meddler = limit;
    const refused: unknown[] = [];
    const visits: Promise<void>[] = [];
    for (let second = 0; second < 4; second++) {
      for (let at = 0; at < perSecond.sockets; at++) {
        visits.push(visit(freshPath()).catch((error: unknown) => void refused.push(error)));
        // Nothing is waited for here: it is the pace at which they come.
        await sleep(1_000 / perSecond.sockets);
      }
    }
    await Promise.all(visits);
    await cloud.settled();
    cloud.wires.meddler = {};
    expect(limit.struck).toBeGreaterThan(0);
    expect(refused).toEqual([]);
    expect(await groups.listed('lobby')).toEqual([]);
    expect(await groups.reached('lobby')).toBe(0);
  });
});

describe('a group that far more sockets join than DynamoDB can write', () => {
  test('takes some of them, fails the calls of others with 500, and takes these when they are repeated', async () => {
    const sockets: Opened[] = [];
    for (let at = 0; at < 20; at++) sockets.push(await cloud.open());
    cloud.wires.meddler = new PartitionLimit(2);
    const join = async (socket: Opened) => ({
      socket,
      status: await groups.call('PUT', 'busy', socket.from),
    });
    const joined = await Promise.all(sockets.map(join));
    cloud.wires.meddler = {};
    const failed = joined.filter(({ status }) => status === 500);
    expect(failed.length).toBeGreaterThan(0);
    expect(joined.filter(({ status }) => status === 204)).toHaveLength(sockets.length - failed.length);
    for (const { socket, status } of joined)
      expect(await groups.agreed(socket, ['busy'])).toEqual(status === 204 ? ['busy'] : []);
    for (const { socket } of failed) expect((await join(socket)).status).toBe(204);
    expect(await groups.listed('busy')).toHaveLength(sockets.length);
    await Promise.all(sockets.map(({ client }) => client.close()));
    await cloud.settled();
  });
});
