import { parseGroup } from '../../functions/wire/group.ts';
import { type Hook, type HookEvent, presenceEvents } from '../../functions/wire/hook.ts';
import { parsePath } from '../../functions/wire/path.ts';
import { parseSocketId } from '../../functions/wire/socket-id.ts';
import { must } from './must.ts';

/** The id of the socket that the tests tell of, in API Gateway's form. */
export const socketId = 'L0SM9cOFvHcCIhw=';

type Told = Partial<Omit<Hook, 'path' | 'socket'>> & { readonly path?: string; readonly socket?: string };

/** A handshake hook with nothing to say, but for what is told. A joined or left hook has a group and a number. */
export function aHook({ path = '/', socket = socketId, ...told }: Told = {}): Hook {
  const id = parseSocketId(socket);
  if (id === undefined) throw new Error(`${socket} is no socket id`);
  return {
    ...aPresence(told.event),
    event: 'handshake',
    id: `handshake_${socket}`,
    socket: id,
    body: '',
    path: must(parsePath(path)),
    query: '',
    user: '',
    state: '',
    origin: '',
    groups: [],
    code: '',
    reason: '',
    time: 1_764_000_000_000,
    clientHeaders: {},
    ...told,
  };
}

function aPresence(event: HookEvent | undefined): Pick<Hook, 'presence'> {
  if (!presenceEvents.some((known) => known === event)) return {};
  return { presence: { group: must(parseGroup('room:1')), sequence: 1_764_000_000_000 } };
}
