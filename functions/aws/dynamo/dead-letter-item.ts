import type { DeadLetter } from '../../gateway/dead-letters.ts';
import { hashOf } from '../../gateway/hash.ts';
import { type DeadLetterId, parseDeadLetterId } from '../../wire/dead-letter-id.ts';
import { parseGroup } from '../../wire/group.ts';
import { type Hook, hookEvents, hookId } from '../../wire/hook.ts';
import { parsePath } from '../../wire/path.ts';
import { type Item, number, text, texts } from './attribute.ts';
import { filled, groupsIn, numberIn, socketOf, textIn } from './item.ts';

/**
 * How many partition keys the letters are spread over: an outage's deaths come together. DynamoDB: one partition key takes
 * 1,000 write units a second.
 */
const shardCount = 16;

/** The shards, in no order that matters. */
export const shards: readonly string[] = Array.from({ length: shardCount }, (_, at) => `letters#${at}`);

/** A letter without its body, and where that is. */
export interface StoredLetter {
  readonly letter: DeadLetter;
  /** Undefined if the body is empty. */
  readonly bodyId: string | undefined;
}

/** The key of a letter. */
export function letterKey(id: DeadLetterId): Item {
  return { shard: text(`letters#${hashOf(id) % shardCount}`), letter: text(id) };
}

/** The key of a body, which is written once and never changed. */
export function bodyKey(bodyId: string, letter: DeadLetterId): Item {
  return { shard: text(`body#${bodyId}`), letter: text(letter) };
}

/** The item of a letter. Only handshakes have headers of clients, and they are no letters: they are refused. */
export function letterItem(
  { id, hook, groupsVersion, attempts, why, diedAt }: DeadLetter,
  bodyId: string | undefined,
): Item {
  const { event, path, query, user, state, origin, code, reason, presence } = hook;
  return {
    ...letterKey(id),
    hook: text(hook.id),
    event: text(event),
    socket: text(hook.socket),
    ...filled({ path, query, user, state, origin, code, reason, why, bodyId: bodyId ?? '' }),
    ...(hook.groups.length === 0 ? {} : { groups: texts(hook.groups) }),
    ...(presence === undefined ? {} : { group: text(presence.group), sequence: number(presence.sequence) }),
    time: number(hook.time),
    groupsVersion: number(groupsVersion),
    attempts: number(attempts),
    diedAt: number(diedAt),
  };
}

/** Reads a letter. Throws if the item is none, which only another writer of the table can cause. */
export function storedLetterOf(item: Item): StoredLetter {
  const id = parseDeadLetterId(textIn(item, 'letter'));
  const event = hookEvents.find((each) => each === textIn(item, 'event'));
  const path = parsePath(textIn(item, 'path'));
  if (id === undefined || event === undefined || !path.ok)
    throw new Error('The table of dead letters has an item that is no dead letter.');
  const hook = {
    event,
    id: hookId(event, textIn(item, 'hook').slice(event.length + 1)),
    socket: socketOf(item),
    body: '',
    path: path.value,
    query: textIn(item, 'query'),
    user: textIn(item, 'user'),
    state: textIn(item, 'state'),
    origin: textIn(item, 'origin'),
    code: textIn(item, 'code'),
    reason: textIn(item, 'reason'),
    groups: groupsIn(item),
    time: numberIn(item, 'time'),
    clientHeaders: {},
    ...presenceOf(item),
  };
  const [attempts, diedAt] = [numberIn(item, 'attempts'), numberIn(item, 'diedAt')];
  const groupsVersion = numberIn(item, 'groupsVersion');
  const letter = { id, hook, groupsVersion, attempts, why: textIn(item, 'why'), diedAt };
  return { letter, bodyId: item['bodyId']?.S };
}

/** What a hook about a user of a group tells besides. */
function presenceOf(item: Item): Pick<Hook, 'presence'> {
  const group = parseGroup(textIn(item, 'group'));
  return group.ok ? { presence: { group: group.value, sequence: numberIn(item, 'sequence') } } : {};
}
