import type { GroupName } from '../wire/group.ts';
import { fanOut } from './deliver/fan-out.ts';
import type { Gateway } from './gateway.ts';
import type { MaybePromise } from './maybe-promise.ts';
import { type Departure, subjectOf } from './presences.ts';
import type { SocketRecord } from './record.ts';
import type { PresenceTask } from './tasks.ts';

/** The part of a record that says who is present. */
type Present = Pick<SocketRecord, 'socket' | 'user' | 'path'>;

/** The same of a socket that may still be opening. */
type Changing = Present & Pick<SocketRecord, 'acceptedAt' | 'groups'>;

/** Whether the app wants to know who comes to groups and leaves them. */
export function wantsPresence({ settings }: Gateway): boolean {
  return settings.hooks.has('joined');
}

/**
 * Makes a change of the groups of a socket, or lets it be, and sees to it that the app hears of it even if this run dies
 * at any moment: a task that comes after that is queued first. Whoever finds that the socket has left also finds when.
 */
export async function tellingPresence<T>(
  gateway: Gateway,
  socket: Changing,
  { join, leave }: { readonly join: readonly GroupName[]; readonly leave: readonly GroupName[] },
  change: () => MaybePromise<T>,
): Promise<T> {
  const { registry, presences, clock, settings, policy } = gateway;
  const { untoldMs } = policy;
  if (untoldMs !== undefined) {
    await look(gateway, socket, join, untoldMs);
    await look(gateway, socket, leave, untoldMs + settings.presenceGraceMs);
  }
  const at = clock.now();
  await fanOut(await groupsIn(gateway, socket, leave), (group) =>
    presences.depart({ group, subject: subjectOf(socket) }, { ...placeOf(socket), at }),
  );
  const outcome = await change();
  // The app may have named the user of a socket that was opening.
  const present = socket.acceptedAt > 0 ? socket : ((await registry.get(socket.socket)) ?? socket);
  await look(gateway, present, join, 0);
  await look(gateway, present, leave, settings.presenceGraceMs, at);
  return outcome;
}

/**
 * Those of some groups that a socket is in; its record at hand may be old. A socket that is asked to leave where it is not
 * would else put off the news that its user has left.
 */
async function groupsIn(
  { registry }: Gateway,
  { socket, groups }: Changing,
  names: readonly GroupName[],
): Promise<readonly GroupName[]> {
  if (names.every((name) => groups.includes(name))) return names;
  const now = (await registry.get(socket))?.groups ?? [];
  return names.filter((name) => now.includes(name));
}

/**
 * The same for a socket that has ended. Its record says that its closed hook is owed, and until that is posted this is
 * done again by whoever takes the record over.
 */
export async function tellPresenceOfEnded(gateway: Gateway, record: SocketRecord): Promise<void> {
  const { end, acceptedAt, groups } = record;
  if (!wantsPresence(gateway) || end === undefined || acceptedAt === 0) return;
  const departure: Departure = { ...placeOf(record), at: end.time };
  await fanOut(groups, (group) => tellDeparture(gateway, record, group, departure));
}

/**
 * Where runs may die, the look is queued first, since the record says as well when its socket ended. So a departure that
 * is noted tells the next worker that nothing is left to do: while the app is away, the closed hook has many.
 */
async function tellDeparture(
  gateway: Gateway,
  record: SocketRecord,
  group: GroupName,
  departure: Departure,
): Promise<void> {
  const { presences, settings, policy } = gateway;
  const key = { group, subject: subjectOf(record) };
  const lookLater = () => look(gateway, record, [group], settings.presenceGraceMs, departure.at);
  if (policy.untoldMs === undefined) {
    await presences.depart(key, departure);
    return lookLater();
  }
  const noted = await presences.departure(key);
  if (noted?.socket === departure.socket && noted.at === departure.at) return;
  await lookLater();
  await presences.depart(key, departure);
}

/** Has the app told at once of a socket that is in these groups. */
export function tellPresence(gateway: Gateway, socket: Present, groups: readonly GroupName[]): Promise<void> {
  return look(gateway, socket, groups, 0);
}

/** `waited`: the time of a departure after which the task comes at the end of the grace. */
async function look(
  { tasks }: Gateway,
  present: Present,
  groups: readonly GroupName[],
  delayMs: number,
  waited?: number,
): Promise<void> {
  const { socket } = present;
  const subject = subjectOf(present);
  await fanOut(groups, (group) => {
    const task: PresenceTask = { kind: 'presence', group, subject, socket, waited };
    return tasks.enqueue(task, delayMs);
  });
}

function placeOf({ socket, path }: Present): Pick<Present, 'socket' | 'path'> {
  return { socket, path };
}
