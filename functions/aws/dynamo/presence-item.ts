import type { Departure, PresenceKey, PresenceState, Telling } from '../../gateway/presences.ts';
import { presenceEvents } from '../../wire/hook.ts';
import { parsePath } from '../../wire/path.ts';
import { parseSocketId } from '../../wire/socket-id.ts';
import { type Attribute, type Item, text, texts } from './attribute.ts';
import { numberIn, textIn } from './item.ts';
import { presenceKeys } from './table-schema.ts';

/**
 * The key of a subject in a group, in the table of broadcasts. A group with many users would be one busy partition key,
 * so the subject is the partition key. DynamoDB: a partition key has at most 2,048 bytes, and a sort key 1,024. A user has
 * at most 256, and so has a group.
 */
export function keyOfPresence({ group, subject }: PresenceKey): Item {
  return { broadcast: text(presenceKeys + subject), part: text(group) };
}

/** A hook that was told or is being told, as texts in this order: event, socket, path, time, rounds. */
export function tellingAttribute({ event, socket, path, time, rounds }: Telling): Attribute {
  return texts([event, socket, path, String(time), String(rounds)]);
}

/** What an item says of a subject in a group. */
export function presenceIn(item: Item): PresenceState {
  return {
    told: tellingIn(item['told']),
    sequence: numberIn(item, 'sequence'),
    telling: tellingIn(item['telling']),
    departure: departureIn(item),
  };
}

/** The last departure that an item has. */
export function departureIn(item: Item): Departure | undefined {
  const socket = parseSocketId(textIn(item, 'departedSocket'));
  const path = parsePath(textIn(item, 'departedPath'));
  if (socket === undefined || !path.ok) return undefined;
  return { socket, path: path.value, at: numberIn(item, 'departedAt') };
}

function tellingIn(attribute: Attribute | undefined): Telling | undefined {
  if (attribute === undefined) return undefined;
  const [name, id = '', place = '', time, rounds] = (attribute.L ?? []).map(({ S }) => S);
  const event = presenceEvents.find((each) => each === name);
  const socket = parseSocketId(id);
  const path = parsePath(place);
  if (event === undefined || socket === undefined || !path.ok)
    throw new Error('The table has an item of presence that cannot be read.');
  return { event, socket, path: path.value, time: Number(time), rounds: Number(rounds) };
}
