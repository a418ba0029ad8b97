import type { Gateway } from '../../../functions/gateway/gateway.ts';
import { tellingPresence } from '../../../functions/gateway/presence-changes.ts';
import { disconnect } from '../../../functions/gateway/relay/disconnect.ts';
import { handshake } from '../../../functions/gateway/relay/handshake.ts';
import type { GroupName } from '../../../functions/wire/group.ts';
import { hookEvents } from '../../../functions/wire/hook.ts';
import type { SocketId } from '../../../functions/wire/socket-id.ts';
import { aConnectRequest } from '../../fakes/a-connect-request.ts';
import { newSocket } from '../../fakes/a-record.ts';
import { acting } from '../../fakes/fake-app.ts';
import type { Given } from '../../fakes/fake-gateway.ts';
import { groupName } from '../../fakes/group-names.ts';
import { type TimedWorld, timedGateway } from '../../fakes/pass-time.ts';

const hooks = new Set(hookEvents);

/** A group that a test can use. */
export const lobby = groupName('lobby');

/** A world in which users come and go on a clock that a test moves. */
export interface Simulated extends TimedWorld {
  /** A user opens a page, which joins these groups in its handshake. */
  open(user: string, groups?: readonly GroupName[]): Promise<SocketId>;
  /** A page is closed. */
  close(socket: SocketId): Promise<void>;
  join(socket: SocketId, group?: GroupName): Promise<void>;
  leave(socket: SocketId, group?: GroupName): Promise<void>;
  /** The hooks of presence that came to the app, each as its event and the seconds since the world began. */
  readonly told: readonly string[];
}

/** Makes one, with a grace of 5 seconds. */
export function simulated(given: Given = {}): Simulated {
  const world = timedGateway({ ...given, settings: { hooks, presenceGraceMs: 5_000, ...given.settings } });
  const { gateway, registry, app, clock } = world;
  const told: string[] = [];
  const begun = clock.now();
  const { post } = app;
  app.post = (request) => {
    const event = new URLSearchParams(request.body).get('event');
    if (event === 'joined' || event === 'left')
      told.push(`${event} ${Math.floor((clock.now() - begun) / 1_000)}`);
    return post.call(app, request);
  };
  const change = async (socket: SocketId, join: GroupName[], leave: GroupName[]): Promise<void> => {
    const record = await registry.get(socket);
    if (record === undefined) throw new Error('There is no such socket.');
    const make = () => registry.changeGroups(socket, { join, leave }, record);
    await tellingPresence(gateway, record, { join, leave }, make);
    await world.pass(0);
  };
  const open = async (user: string, groups: readonly GroupName[] = [lobby]): Promise<SocketId> => {
    const socket = newSocket();
    app.admission = acting({ ...(user === '' ? {} : { user }), join: groups });
    await clock.until(handshake(gateway, aConnectRequest({ socket, time: clock.now() })));
    await world.pass(0);
    return socket;
  };
  const close = async (socket: SocketId): Promise<void> => {
    await clock.until(disconnect(gateway, socket, { code: 1001, reason: '' }));
    await world.pass(0);
  };
  const join = (socket: SocketId, group = lobby) => change(socket, [group], []);
  const leave = (socket: SocketId, group = lobby) => change(socket, [], [group]);
  return { ...world, open, close, join, leave, told };
}

/** The hooks of presence that the app got, as their fields. */
export function presenceHooks({ app }: { readonly app: TimedWorld['app'] }): Record<string, string>[] {
  return app.hooks.filter(({ event }) => event === 'joined' || event === 'left');
}

/** What a subject is by its item: what was told last, and whether something is owed. */
export async function itemOf({ presences }: Gateway, subject: `u:${string}`) {
  const leased = await presences.lease({ group: lobby, subject }, 1);
  if (leased.kind !== 'leased') return leased.kind;
  const { told, telling } = leased.state;
  await presences.release({ group: lobby, subject }, leased.token);
  return { told: told?.event, telling: telling?.event };
}
