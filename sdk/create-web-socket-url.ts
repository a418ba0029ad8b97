import { type GroupName, isWithinLimits } from '../functions/wire/group.ts';
import { limits } from '../functions/wire/limits.ts';
import { parsePathAndQuery } from '../functions/wire/path.ts';
import { mintTicket, tooManyGroups } from '../functions/wire/ticket.ts';
import { parseUser } from '../functions/wire/user.ts';
import { toGroup } from './arguments.ts';
import { ArgumentError, SettingError } from './errors.ts';
import { urlKey, webSocketUrl } from './settings.ts';

/** The optional contents of a URL for a client. */
export interface WebSocketUrlOptions {
  /** The user who will connect: sent with every hook of the socket, and broadcasts can select it. Needs a ticket. */
  readonly user?: string;
  /** Groups that the socket joins when the app accepts it: at most 50, with 1,024 bytes of names. Needs a ticket. */
  readonly groups?: readonly string[];
  /** How long the URL works: 1 to 86,400 seconds, 3,600 by default. Needs a ticket. */
  readonly expiresIn?: number;
}

/**
 * Makes the URL that a client connects to. The app chooses the path, such as `/room/1?lang=de`. It becomes the end of
 * every hook's URL. With `SOCKETHOOK_URL_KEY` the URL contains a ticket, minted here without a call to the gateway.
 * Without it, the URL contains the path itself, which the client can change.
 *
 * Rejects with an `ArgumentError` if the gateway would refuse the path, user, groups or time, and with a `SettingError` if a
 * variable is missing.
 */
export async function createWebSocketUrl(path = '', options: WebSocketUrlOptions = {}): Promise<string> {
  const target = parsePathAndQuery(path);
  if (!target.ok) throw new ArgumentError('path', `cannot be used: ${target.error}`);
  const { user = '', expiresIn = limits.ticketSecondsDefault } = options;
  const name = parseUser(user);
  if (!name.ok) throw new ArgumentError('user', `cannot be used: ${name.error}`);
  const groups = toGroups(options.groups ?? []);
  if (!Number.isInteger(expiresIn) || expiresIn < 1 || expiresIn > limits.ticketSeconds) {
    throw new ArgumentError('expiresIn', `must be whole seconds from 1 to ${limits.ticketSeconds}`);
  }
  const key = urlKey();
  if (key !== undefined) {
    const expiresAt = Math.floor(Date.now() / 1000) + expiresIn;
    const ticket = await mintTicket({ ...target.value, user, groups }, expiresAt, key);
    return fitting(`${webSocketUrl()}?ticket=${ticket}`, groups);
  }
  if (user !== '' || groups.length > 0 || options.expiresIn !== undefined) {
    throw new SettingError(
      'SOCKETHOOK_URL_KEY',
      'is not set; set it to one of the gateway’s URL keys, to use `user`, `groups` or `expiresIn`',
    );
  }
  return fitting(withoutTicket(target.value), groups);
}

function toGroups(names: readonly string[]): readonly GroupName[] {
  if (!Array.isArray(names)) throw new ArgumentError('groups', 'must be a list of groups');
  const groups = [...new Set(names.map((name) => toGroup(name, 'groups')))];
  // A ticket with more names is refused, even if they repeat.
  if (names.length <= limits.groups && isWithinLimits(groups)) return groups;
  throw new ArgumentError('groups', `cannot be used: ${tooManyGroups}`);
}

function withoutTicket({ path, query }: { readonly path: string; readonly query: string }): string {
  const reservedName = [...new URLSearchParams(query).keys()].find(
    (name) => name === 'path' || name === 'ticket',
  );
  if (reservedName !== undefined) {
    throw new ArgumentError(
      'path',
      `has "${reservedName}" in its query, which is the gateway’s own; set SOCKETHOOK_URL_KEY for a ticket that hides it`,
    );
  }
  return `${webSocketUrl()}?path=${encodeURIComponent(path)}${query === '' ? '' : `&${query}`}`;
}

function fitting(url: string, groups: readonly GroupName[]): string {
  if (url.length <= limits.urlLength) return url;
  throw new ArgumentError(
    'path',
    `${groups.length === 0 ? 'makes' : 'and "groups" make'} a URL of ${url.length} characters; clients can open at most ${limits.urlLength}`,
  );
}
