import { isDeepStrictEqual } from 'node:util';
import { broadcast } from '../../functions/gateway/deliver/broadcast.ts';
import type { GroupName } from '../../functions/wire/group.ts';
import type { SocketId } from '../../functions/wire/socket-id.ts';
import type { FakeWorld } from './fake-gateway.ts';

/**
 * The sockets that are in a group by their own records. Throws if the list, the users or a broadcast say otherwise. The
 * broadcast is real: its members get the message `probe`.
 */
export async function membersOf(world: FakeWorld, group: GroupName): Promise<SocketId[]> {
  const { registry, clock, gateway } = world;
  const records = [];
  for await (const page of registry.survey()) records.push(...page);
  const members = records.filter(({ status, groups }) => status !== 'closing' && groups.includes(group));
  const expected = members.map(({ socket }) => socket).sort();
  const agree = (what: string, found: unknown, wanted: unknown): void => {
    if (isDeepStrictEqual(found, wanted)) return;
    throw new Error(`The records say ${JSON.stringify(wanted)}, but ${what} ${JSON.stringify(found)}.`);
  };
  const listed = await registry.list({ group }, 1_000);
  agree('the list', listed?.sockets.map(({ socket }) => socket).sort(), expected);
  const { users = [] } = (await registry.listUsers(group, 1_000)) ?? {};
  const named = members.filter(({ user }) => user !== '').length;
  agree(
    'the users have',
    users.reduce((sum, { sockets }) => sum + sockets, 0),
    named,
  );
  const found = await clock.until(broadcast(gateway, 'probe', { body: 'probe', group, except: [] }));
  if ('id' in found) throw new Error('The group is too large for one call.');
  agree('a broadcast reaches', found.delivered + found.queued + found.gone + found.failed, expected.length);
  return expected;
}
