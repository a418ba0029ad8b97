import { call } from '../../sdk/call.ts';
import type { GroupPage } from '../../sdk/index.ts';
import { type PageOptions, pageQuery } from '../../sdk/page.ts';
import { readSocketPage } from '../../sdk/read-outcomes.ts';

/** The sockets to list: those that match all that is given. */
export interface SocketFilter extends PageOptions {
  readonly path?: string;
  readonly user?: string;
  readonly group?: string;
}

/** Gets one page of the sockets that a broadcast would reach. Rejects as the SDK's `sendMessage`. */
export async function listSockets({ path, user, group, ...page }: SocketFilter): Promise<GroupPage> {
  const query = pageQuery(page);
  for (const [name, value] of Object.entries({ path, user, group }))
    if (value !== undefined) query.set(name, value);
  return readSocketPage(await call('GET', `/sockets${query.size === 0 ? '' : `?${query}`}`), 'GET /sockets');
}
