import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ApiAnswer } from '../../support/api.ts';
import { type Client, connect } from '../../support/client.ts';
import { eventually } from '../../support/eventually.ts';
import { actions } from '../../support/recording-app.ts';
import { freshGroup } from './group-member.ts';
import { freshPath, type GatewayWorld, type Subject } from './world.ts';

/** One more than a broadcast reaches within its call, without those that a test leaves out. */
const crowdSize = 510;

/** How long a test of a crowd may take, in milliseconds: a deployed gateway runs one function for each handshake. */
const crowdMs = 240_000;

/** What broadcasts to more sockets do than fit into a call. */
export function broadcastsContract(subject: Subject): void {
  describe(`${subject.name}: broadcasts to many`, { timeout: crowdMs }, () => {
    let world: GatewayWorld;
    const crowd: { readonly client: Client; readonly socket: string }[] = [];
    const [path, group] = [freshPath(), freshGroup()];
    const user = `crowd ${group}`;

    beforeAll(async () => {
      // The crowd goes at once when its tests are over, and nobody is left then to answer a closed hook.
      world = await subject.start({ HOOK_TIMEOUT_MS: '10000', HOOKS: 'handshake,message' });
      world.app.on(path, ({ fields: { event, body = '' } }) => {
        if (event === 'handshake') return actions({ user, join: [group] });
        return event === 'message' ? actions(JSON.parse(body)) : 204;
      });
      while (crowd.length < crowdSize) {
        const opened = Math.min(15, crowdSize - crowd.length);
        const clients = await Promise.all(Array.from({ length: opened }, () => connect(world.at(path))));
        for (const client of clients) crowd.push({ client, socket: '' });
      }
      // Which hook was whose does not matter: a test needs ids of the crowd, and the clients of nobody in particular.
      const sockets = world.app.of(path, 'handshake').map(({ fields: { from = '' } }) => from);
      for (const [at, { client }] of crowd.entries()) crowd[at] = { client, socket: sockets[at] ?? '' };
    }, crowdMs);
    afterAll(async () => {
      for (const { client } of crowd) client.ws.terminate();
      await world.stop();
    });

    /** The progress of a broadcast once it runs no more. */
    const ended = async (broadcast: unknown): Promise<Record<string, unknown>> => {
      let answer: ApiAnswer | undefined;
      await eventually('the broadcast ends', async () => {
        answer = await world.api.call('GET', `/broadcasts/${broadcast}`);
        expect(answer.status).toBe(200);
        return answer.json['status'] !== 'running';
      });
      return answer?.json ?? {};
    };

    /** How many clients got a message, each of them once and nothing else. */
    const reached = async (body: string, count: number): Promise<void> => {
      const got = () => crowd.reduce((sum, { client }) => sum + client.left.length, 0);
      await eventually(`${count} messages`, () => got() >= count);
      const each = crowd.map(({ client }) => client.left.length);
      expect(got(), 'messages').toBe(count);
      expect(Math.max(...each), 'messages for one client').toBe(1);
      for (const { client } of crowd) if (client.left.length > 0) expect(await client.next()).toBe(body);
    };

    const start = async (body: string, rest: Record<string, unknown>): Promise<unknown> => {
      const answer = await world.api.broadcast({ body, ...rest });
      expect(answer.status).toBe(202);
      const { broadcast } = answer.json;
      expect(answer.headers.get('location')).toBe(`/broadcasts/${broadcast}`);
      return broadcast;
    };

    const except = (count: number): string[] => crowd.slice(0, count).map(({ socket }) => socket);

    test('500 sockets are reached within the call, which counts them', async () => {
      const answer = await world.api.broadcast({ body: 'to 500', group, except: except(crowdSize - 500) });
      expect(answer.status).toBe(200);
      expect(answer.json).toEqual({ delivered: 500, queued: 0, gone: 0, failed: 0 });
      await reached('to 500', 500);
    });

    test('501 sockets are reached after the call, each once, and its progress counts them', async () => {
      const broadcast = await start('to 501', { group, except: except(crowdSize - 501) });
      expect(await ended(broadcast)).toEqual({
        ...{ broadcast, status: 'done', found: 501, delivered: 501, queued: 0, gone: 0, failed: 0 },
      });
      await reached('to 501', 501);
    });

    test('a call that is repeated with its key gets the same broadcast, which reaches each socket once', async () => {
      const key = randomUUID();
      const answers: ApiAnswer[] = [];
      for (let time = 0; time < 3; time++)
        answers.push(await world.api.broadcast({ body: 'repeated', group }, key));
      const [broadcast] = answers.map(({ json }) => json['broadcast']);
      const seen = answers.map(({ status, json, headers }) => [
        ...[status, json['broadcast'], headers.get('location'), headers.get('idempotency-replayed')],
      ]);
      const same = [202, broadcast, `/broadcasts/${broadcast}`];
      expect(seen).toEqual([
        [...same, null],
        [...same, 'true'],
        [...same, 'true'],
      ]);
      expect(await ended(broadcast)).toMatchObject({
        status: 'done',
        found: crowdSize,
        delivered: crowdSize,
      });
      const late = await world.api.broadcast({ body: 'repeated', group }, key);
      expect([late.status, late.json['broadcast']], 'once it is done').toEqual([202, broadcast]);
      await reached('repeated', crowdSize);
    });

    test.for([
      ['a path', { path }],
      ['a user', { user }],
      ['a group, a path and a user', { group, path, user }],
    ] as const)('a broadcast to %s reaches its sockets alone', async ([body, filter]) => {
      const outsider = await connect(world.at(freshPath()));
      const broadcast = await start(body, filter);
      expect(await ended(broadcast)).toMatchObject({ status: 'done', delivered: crowdSize, failed: 0 });
      await reached(body, crowdSize);
      expect(outsider.left).toEqual([]);
      await outsider.close();
    });

    test('the answer to a hook broadcasts to as many, its sender included', async () => {
      const body = 'from an answer';
      crowd[0]?.client.send(JSON.stringify({ broadcast: [{ body, group }] }));
      await reached(body, crowdSize);
    });

    test('an answer that broadcasts and closes its socket lets it have the broadcast first', async () => {
      const body = 'farewell';
      const leaver = await connect(world.at(path));
      leaver.send(JSON.stringify({ broadcast: [{ body, group }], close: true }));
      expect(await leaver.next()).toBe(body);
      expect((await leaver.closed).code).toBe(1000);
      expect(leaver.left, 'nothing twice').toEqual([]);
      await reached(body, crowdSize);
    });

    test('a broadcast that is cancelled ends, and posts to nobody twice', async () => {
      const broadcast = await start('cancelled', { group });
      const place = `/broadcasts/${broadcast}`;
      expect((await world.api.call('DELETE', place)).status).toBe(204);
      expect((await world.api.call('DELETE', place)).status, 'again').toBe(204);
      const { status, found } = await ended(broadcast);
      expect(['cancelled', 'done']).toContain(status);
      expect(Number(found)).toBeLessThanOrEqual(crowdSize);
      for (const { client } of crowd) {
        expect(client.left.length).toBeLessThanOrEqual(1);
        if (client.left.length > 0) await client.next();
      }
    });

    test.for(['AAAAAAAAAAAAAAAAAAAAAA', 'x', 'a%20b'])('no broadcast is known as %s', async (id) => {
      for (const method of ['GET', 'DELETE']) {
        const answer = await world.api.call(method, `/broadcasts/${id}`);
        expect([answer.status, answer.json['code']], method).toEqual([404, 'unknown_broadcast']);
      }
    });
  });
}
