import type { StoredBroadcast } from '../../gateway/broadcasts.ts';
import type { BroadcastId } from '../../wire/broadcast-id.ts';
import { parseGroup } from '../../wire/group.ts';
import { parsePath } from '../../wire/path.ts';
import { parseSocketId } from '../../wire/socket-id.ts';
import { type Item, number, text, texts } from './attribute.ts';
import { numberIn, textIn } from './item.ts';

/** The attributes of a broadcast. What its filter leaves open is left out. */
export function broadcastItem({
  body,
  path,
  user,
  group,
  except,
  segments,
  startedAt,
}: StoredBroadcast): Item {
  return {
    body: text(body),
    ...(path === undefined ? {} : { path: text(path) }),
    ...(user === undefined ? {} : { user: text(user) }),
    ...(group === undefined ? {} : { group: text(group) }),
    except: texts(except),
    segments: number(segments),
    startedAt: number(startedAt),
  };
}

/** Reads a broadcast. Throws if the item is none, which only another writer of the table can cause. */
export function broadcastOf(id: BroadcastId, item: Item): StoredBroadcast {
  const [path, group] = [parsePath(textIn(item, 'path')), parseGroup(textIn(item, 'group'))];
  if ((item['path'] !== undefined && !path.ok) || (item['group'] !== undefined && !group.ok))
    throw new Error('The table of broadcasts has an item that is no broadcast.');
  return {
    id,
    body: textIn(item, 'body'),
    path: path.ok ? path.value : undefined,
    user: item['user']?.S,
    group: group.ok ? group.value : undefined,
    except: (item['except']?.L ?? []).flatMap(({ S }) => parseSocketId(S) ?? []),
    segments: numberIn(item, 'segments'),
    startedAt: numberIn(item, 'startedAt'),
  };
}
