import * as v from 'valibot';

const count = v.pipe(v.number(), v.integer());
const schema = v.object({ group: v.string(), sockets: count, users: count, more: v.boolean() });

/** Reads how many are in a group; with `more`, at least so many. Throws if some other server answered. */
export function readGroupCounts(answer: unknown): v.InferOutput<typeof schema> {
  const read = v.safeParse(schema, answer);
  if (!read.success) throw new Error('What answered is no gateway. Is SOCKETHOOK_API_URL its URL?');
  return read.output;
}
