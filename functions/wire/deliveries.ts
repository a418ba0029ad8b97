import * as v from 'valibot';
import type { GroupName } from './group.ts';
import { limits } from './limits.ts';
import type { ClientPath } from './path.ts';
import { groupText, messageText, pathText, someUserText } from './schema.ts';
import { parseSocketId, type SocketId } from './socket-id.ts';

/** A message to the named sockets, from `POST /send` or from an action. */
export interface Send {
  readonly sockets: readonly SocketId[];
  /** Ids that no socket can have. Their outcome is `gone`. */
  readonly malformed: readonly string[];
  readonly body: string;
}

/** A message to all sockets, or to those of a path, a user or a group, from `POST /broadcast` or from an action. */
export interface Broadcast {
  readonly body: string;
  readonly except: readonly SocketId[];
  readonly path?: ClientPath | undefined;
  readonly user?: string | undefined;
  readonly group?: GroupName | undefined;
}

const idList = v.array(v.string('must be a socket id, which is text'), 'must be a list of socket ids');
const maxSockets = v.maxLength<string[], number, string>(
  limits.sendSockets,
  `must be at most ${limits.sendSockets} sockets`,
);

/** One id, or a list of 1 to 1,000. Repeated ids count once. */
const sockets = v.pipe(
  v.union([v.string(), idList], 'must be a socket id or a list of socket ids'),
  v.transform((given) => (typeof given !== 'string' ? given : given === '' ? [] : [given])),
  v.minLength(1, 'must name at least one socket'),
  maxSockets,
  v.transform((given) => (given.length === 1 ? given : [...new Set(given)])),
);

/** The schema of a send whose body is at most `maxBytes` long. */
export const sendSchema = once((maxBytes) =>
  v.pipe(
    v.strictObject({ sockets, body: messageText(maxBytes) }, 'must be an object'),
    v.transform(({ sockets, body }): Send => toSend(sockets, body)),
  ),
);

/** The schema of a broadcast whose body is at most `maxBytes` long. */
export const broadcastSchema = once((maxBytes) =>
  v.pipe(
    v.strictObject(
      {
        body: messageText(maxBytes),
        except: v.optional(v.pipe(idList, maxSockets), []),
        path: v.optional(pathText),
        user: v.optional(someUserText),
        group: v.optional(groupText),
      },
      'must be an object',
    ),
    v.transform(({ except, ...rest }): Broadcast => ({ ...rest, except: except.flatMap(wellFormed) })),
  ),
);

/** Builds a schema once for each limit. A process uses one or two limits. */
function once<Schema>(build: (maxBytes: number) => Schema): (maxBytes: number) => Schema {
  const built = new Map<number, Schema>();
  return (maxBytes) => {
    const schema = built.get(maxBytes) ?? build(maxBytes);
    built.set(maxBytes, schema);
    return schema;
  };
}

function toSend(ids: readonly string[], body: string): Send {
  const sockets: SocketId[] = [];
  const malformed: string[] = [];
  for (const id of ids) {
    const socket = parseSocketId(id);
    if (socket === undefined) malformed.push(id);
    else sockets.push(socket);
  }
  return { sockets, malformed, body };
}

function wellFormed(id: string): SocketId[] {
  const parsed = parseSocketId(id);
  return parsed === undefined ? [] : [parsed];
}
