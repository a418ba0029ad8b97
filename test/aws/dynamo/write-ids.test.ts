import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { disconnect } from '../../../functions/gateway/relay/disconnect.ts';
import { acceptance, bring, end } from '../../contract/ports/registry-world.ts';
import { aGroup, aRecord } from '../../fakes/a-record.ts';
import { fakeGateway } from '../../fakes/fake-gateway.ts';
import { DynamoFront, type Manner } from '../dynamo-front.ts';
import { Dynamo, QuickClock, registryAt } from '../dynamo-table.ts';
import { itemsOf } from '../passing-time.ts';

const dynamo = await Dynamo.start();
const fronts: DynamoFront[] = [];
afterEach(async () => {
  for (const front of fronts.splice(0)) await front.close();
});
afterAll(() => dynamo.stop());

const now = (): number => 1_764_000_001_000;

/** A clock during whose pauses somebody else does something. */
class BusyClock extends QuickClock {
  meanwhile: () => Promise<unknown> = async () => {};

  override async sleep(): Promise<void> {
    await this.meanwhile();
  }
}

/** Two workers at one table in the same millisecond: one whose requests pass in some manner, and another. */
async function twoWorkers(manner: Manner) {
  const client = dynamo.client();
  const name = await dynamo.table(client);
  const front = await DynamoFront.open(dynamo.endpoint, manner);
  fronts.push(front);
  const clock = new BusyClock(now);
  const one = registryAt({ name, endpoint: front.endpoint }, clock);
  const other = registryAt({ name, endpoint: dynamo.endpoint }, new QuickClock(now));
  return { one, other, clock, sent: () => front.sent(), items: () => itemsOf(client, name) };
}

const undone: readonly Manner[] = [
  { first: 'throttling' },
  { first: 'throttling', tells: true },
  { first: 'a fault' },
  { first: 'a fault', tells: true },
  { first: 'hang up' },
];

describe.for(undone)('a write that was not done at first, and meanwhile by another worker (%o)', (manner) => {
  test.for(['accepted', 'closing'] as const)('gives no lease of a socket that is %s', async (status) => {
    const { one, other, clock } = await twoWorkers(manner);
    const socket = await bring(other, status);
    let theirs: unknown;
    clock.meanwhile = async () => {
      theirs = await other.lease(socket, status, 60_000);
    };
    expect(await one.lease(socket, status, 60_000)).toBeUndefined();
    expect(theirs).toMatchObject({ socket, attempts: 1 });
    expect(await other.get(socket)).toEqual(theirs);
  });

  test.for([0, 60_000])('does not say that it ended the socket, leased for %i ms', async (leaseMs) => {
    const { one, other, clock } = await twoWorkers(manner);
    const socket = await bring(other, 'open');
    let theirs: unknown;
    clock.meanwhile = async () => {
      theirs = await other.markEnded(socket, end, leaseMs);
    };
    expect(await one.markEnded(socket, end, leaseMs)).toBeUndefined();
    expect(theirs).toMatchObject({ socket, end });
    expect(await other.get(socket)).toEqual(theirs);
  });

  test('does not say that it set the state, or changed the groups', async () => {
    const { one, other, clock } = await twoWorkers(manner);
    const socket = await bring(other, 'open');
    const known = await other.get(socket);
    const change = { join: [aGroup('theirs')], leave: [] };
    clock.meanwhile = async () => void (await other.setState(socket, 'theirs'));
    expect(await one.setState(socket, 'ours', known?.state)).toBe('outdated');
    expect((await other.get(socket))?.state).toBe('theirs');
    await other.changeGroups(socket, change);
    const ours = { join: [aGroup('ours')], leave: [] };
    expect(await one.changeGroups(socket, ours, undefined, known?.groupsVersion)).toBe('outdated');
    expect((await other.get(socket))?.groups).toEqual(change.join);
  });

  test('does not say that it put the record', async () => {
    const { one, other, clock } = await twoWorkers(manner);
    const record = aRecord();
    let theirs: unknown;
    clock.meanwhile = async () => {
      theirs = await other.put(record);
    };
    expect([await one.put(record), theirs]).toEqual([false, true]);
  });
});

describe('a write that was throttled, which does nothing', () => {
  test('needs no read to know that what is there is the work of somebody else', async () => {
    const { one, other, sent } = await twoWorkers({ first: 'throttling' });
    const socket = await bring(other, 'closing');
    await other.lease(socket, 'closing', 60_000);
    expect(await one.lease(socket, 'closing', 60_000)).toBeUndefined();
    expect(await one.markEnded(socket, end)).toBeUndefined();
    expect(await one.put(aRecord({ socket }))).toBe(false);
    expect(sent()).toEqual({ UpdateItem: 4, PutItem: 2 });
  });
});

describe.for(['hang up', 'silence', 'a fault'] as const)(
  'a write that was done, and whose answer was lost (%s)',
  (first) => {
    test('is known again, and needs no read where a refusal says what it found', async () => {
      const { one, sent } = await twoWorkers({ first, carriesOut: true, tells: true });
      const record = aRecord();
      const { socket } = record;
      expect(await one.put(record)).toBe(true);
      expect(sent()).toEqual({ PutItem: 2 });
      await one.append(socket, 'waits');
      await one.accept(socket, acceptance, 'accepted');
      sent();
      expect(await one.lease(socket, 'accepted', 1_000)).toMatchObject({ leaseUntil: now() + 1_000 });
      expect(sent()).toEqual({ UpdateItem: 2 });
      expect(await one.markEnded(socket, end, 1_000)).toMatchObject({ end, leaseUntil: now() + 1_000 });
      expect(sent()).toEqual({ UpdateItem: 2 });
      expect(await one.markEnded(socket, end)).toBeUndefined();
    });
  },
);

describe('a late change whose answer was lost', () => {
  test.for(['hang up', 'silence', 'a fault'] as const)('is known again (%s)', async (first) => {
    const { one, other } = await twoWorkers({ first, carriesOut: true });
    const socket = await bring(other, 'open');
    const known = await other.get(socket);
    expect(await one.setState(socket, 'late', known?.state)).toBe('done');
    const change = { join: [aGroup('late')], leave: [] };
    expect(await one.changeGroups(socket, change, known, known?.groupsVersion)).toBe('done');
    const { state, groups, groupsVersion } = (await other.get(socket)) ?? {};
    expect([state, groups, groupsVersion]).toEqual(['late', ['late'], (known?.groupsVersion ?? 0) + 1]);
  });
});

describe('an append whose answer was lost', () => {
  test('is not done again though another message came in between', async () => {
    const { one, other, clock } = await twoWorkers({ first: 'hang up', carriesOut: true });
    const socket = await bring(other, 'opening');
    clock.meanwhile = async () => {
      clock.meanwhile = async () => {};
      await other.append(socket, 'between');
    };
    expect(await one.append(socket, 'first')).toBe('queued');
    expect(await other.waiting(socket)).toEqual(['first', 'between']);
  });

  test('leaves no mark once the socket is open, or closing', async () => {
    const { one, other, items } = await twoWorkers({});
    const [opened, closed] = [await bring(one, 'accepted'), await bring(one, 'accepted')];
    await one.lease(opened, 'accepted', 1_000);
    await one.flushed(opened, 2);
    await one.markEnded(closed, end);
    const left = (await items()).flatMap((item) => Object.keys(item).filter((name) => /Marks$/.test(name)));
    expect(left).toEqual([]);
    expect((await other.get(opened))?.status).toBe('open');
  });
});

describe('a socket that is accepted while somebody ends it', () => {
  test('is closing, and whoever hung up has its closed hook queued, since nobody holds a lease', async () => {
    let meanwhile = async (): Promise<void> => {};
    const before = (operation: string) => (operation === 'GetItem' ? meanwhile() : Promise.resolve());
    const { one, other } = await twoWorkers({ before });
    const { gateway, app, tasks } = fakeGateway({ registry: () => one });
    const socket = await bring(other, 'opening');
    meanwhile = async () => void (await other.accept(socket, acceptance, 'open'));
    await disconnect(gateway, socket, end);
    expect(await other.get(socket)).toMatchObject({ status: 'closing', leaseUntil: 0, attempts: 0 });
    expect(tasks.queued).toEqual([{ kind: 'closed', socket }]);
    expect(app.told).toEqual([]);
  });
});
