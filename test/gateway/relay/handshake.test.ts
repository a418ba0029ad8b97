import { describe, expect, test } from 'vitest';
import { handshake } from '../../../functions/gateway/relay/handshake.ts';
import { runTask } from '../../../functions/gateway/run-task.ts';
import type { AppResponse } from '../../../functions/wire/answer.ts';
import type { GroupName } from '../../../functions/wire/group.ts';
import { ok } from '../../../functions/wire/result.ts';
import { mintTicket, parseUrlKey } from '../../../functions/wire/ticket.ts';
import { aConnectRequest } from '../../fakes/a-connect-request.ts';
import { aPath } from '../../fakes/a-record.ts';
import { acting, answered } from '../../fakes/fake-app.ts';
import { fakeGateway, type Given } from '../../fakes/fake-gateway.ts';
import { groupName, groupNames } from '../../fakes/group-names.ts';

test('an app that refuses clients is warned about once for each status, with the URL and without the query', async () => {
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

test('an app that lets everybody in is not warned about', async () => {
  const { gateway, log } = fakeGateway();
  expect(await handshake(gateway, aConnectRequest())).toMatchObject({ kind: 'accepted' });
  expect(log.lines).toEqual([]);
});

describe('a handshake with a ticket that names groups', () => {
  /** A client with such a ticket connects. While the app is being asked, its socket joins `meanwhile` by HTTP. */
  async function connectWith(groups: readonly GroupName[], answer: AppResponse, given: Given = {}) {
    const world = fakeGateway(given);
    const key = parseUrlKey('a key of at least 32 characters!');
    if (!key.ok) throw new Error(key.error);
    const secrets = { ...world.gateway.secrets, urlKeys: async () => [key.value] };
    const expiresAt = Math.floor(world.clock.now() / 1000) + 60;
    const ticket = await mintTicket(
      { path: aPath('/'), query: '', user: 'alice', groups },
      expiresAt,
      key.value,
    );
    const request = aConnectRequest({ target: ok({ kind: 'ticket', ticket } as const) });
    const { socket } = request;
    const before: unknown[] = [];
    world.app.answers = [answer];
    world.app.onPost = async ({ url }) => {
      if (!url.includes('/handshake/')) return;
      before.push((await world.registry.get(socket))?.groups);
      await world.registry.changeGroups(socket, { join: groupNames('meanwhile'), leave: [] });
    };
    const outcome = await handshake({ ...world.gateway, secrets }, request);
    return { ...world, socket, outcome, before };
  }

  const rooms = groupNames('room:1', 'room:2');

  test('tells the app of them, and the socket is in them only once it is accepted', async () => {
    const { app, registry, socket, outcome, before } = await connectWith(rooms, answered(204));
    expect(outcome.kind).toBe('accepted');
    expect(app.hooks[0]).toMatchObject({ event: 'handshake', groups: '["room:1","room:2"]', user: 'alice' });
    expect(before).toEqual([[]]);
    expect((await registry.get(socket))?.groups).toEqual(['meanwhile', 'room:1', 'room:2']);
  });

  test('puts the socket into them where no handshake hook is wanted', async () => {
    const { app, registry, socket } = await connectWith(rooms, answered(204), {
      settings: { hooks: new Set(['message', 'closed']) },
    });
    expect(app.requests).toEqual([]);
    expect((await registry.get(socket))?.groups).toEqual(rooms);
  });

  test.for([answered(403), answered(404), answered(429), { kind: 'unreachable', why: 'x' } as const])(
    'that is refused (%o) leaves no member, even if the socket joined a group meanwhile',
    async (answer) => {
      const { registry, socket, outcome } = await connectWith(rooms, answer);
      expect(outcome.kind).toBe('refused');
      expect(await registry.get(socket)).toBeUndefined();
      for (const name of ['meanwhile', ...rooms]) {
        const group = groupName(name);
        expect(await registry.list({ group }, 10), name).toEqual({ sockets: [] });
        expect(await registry.listUsers(group, 10), name).toEqual({ users: [] });
      }
    },
  );

  test.for([
    {
      what: 'has too many groups',
      answer: acting({ join: Array.from({ length: 51 }, (_, at) => `g${at}`) }),
    },
    { what: 'has a group without a name', answer: acting({ join: [''] }) },
    { what: 'is late', answer: { kind: 'timeout' } as const },
  ])(
    'whose answer $what refuses the client, and the closed hook tells what it had joined',
    async ({ answer }) => {
      const { app, gateway, registry, socket, outcome, tasks } = await connectWith(rooms, answer);
      expect(outcome.kind).toBe('refused');
      expect(await registry.list({ group: groupName('meanwhile') }, 10)).toEqual({ sockets: [] });
      await tasks.run((task) => runTask(gateway, task));
      expect(app.told).toMatchObject([{ from: socket, code: '1006', groups: '["meanwhile"]' }]);
    },
  );

  test('that is refused by the gateway itself asks nobody and stores nothing', async () => {
    const world = fakeGateway();
    const target = ok({ kind: 'ticket', ticket: 'a.b.c' } as const);
    const request = aConnectRequest({ target });
    expect(await handshake(world.gateway, request)).toMatchObject({ kind: 'refused' });
    expect(world.app.requests).toEqual([]);
    expect(await world.registry.get(request.socket)).toBeUndefined();
  });
});
