import * as v from 'valibot';
import type { Task } from '../gateway/ports.ts';
import { type ClientPath, parsePath } from '../wire/path.ts';
import { fault, ok } from '../wire/result.ts';
import { parsed } from '../wire/schema.ts';
import { parseSocketId, type SocketId } from '../wire/socket-id.ts';

const socket = v.pipe(
  v.string(),
  parsed<SocketId>((text) => {
    const id = parseSocketId(text);
    return id === undefined ? fault('no socket id') : ok(id);
  }),
);
const path = v.pipe(v.string(), parsed<ClientPath>(parsePath));

const schema = v.variant('kind', [
  v.object({ kind: v.literal('flush'), socket }),
  v.object({ kind: v.literal('closed'), socket }),
  v.object({
    kind: v.literal('deliver'),
    socket,
    hook: v.string(),
    send: v.array(v.object({ sockets: v.array(socket), malformed: v.array(v.string()), body: v.string() })),
    broadcast: v.array(
      v.object({
        body: v.string(),
        except: v.array(socket),
        path: v.optional(path),
        user: v.optional(v.string()),
      }),
    ),
  }),
]);

/** Reads a task as it was queued; throws for anything else, which no queue of ours holds. */
export function parseTask(text: string): Task {
  return v.parse(schema, JSON.parse(text));
}
