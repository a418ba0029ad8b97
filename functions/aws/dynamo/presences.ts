import type { Clock } from '../../gateway/ports.ts';
import type {
  Departure,
  PresenceKey,
  PresenceLease,
  PresenceState,
  Presences,
  Recheck,
  RecheckRequest,
} from '../../gateway/presences.ts';
import { type Attribute, type Item, number, text } from './attribute.ts';
import { type DynamoAccess, DynamoCalls, itemDialect, type Written } from './calls.ts';
import { expiresAfter, numberIn, textIn } from './item.ts';
import { departureIn, keyOfPresence, presenceIn, tellingAttribute } from './presence-item.ts';
import { namesIn, type TableNames } from './table.ts';
import { newWriteId } from './write-id.ts';

/**
 * For how many days an item is kept after it was written. Each write says so anew, at no cost. A socket lives two hours,
 * so an item that is this old is of a subject that left long ago. What a hook owes ends after a day.
 */
const daysKept = 14;

/** Whether a lease is still the one of this worker. */
const isHeld = '#leaseId = :id AND attribute_not_exists(#postponed)';

/**
 * What the app knows of who is in which group, in the table of broadcasts: one item for each subject in a group, whose
 * every change is one conditional write. A table of its own would cost the same, and roles name these items by their keys.
 */
export class DynamoPresences implements Presences {
  readonly #calls: DynamoCalls;
  readonly #table: string;
  readonly #clock: Pick<Clock, 'now'>;

  constructor(
    access: DynamoAccess,
    { broadcasts }: Pick<TableNames, 'broadcasts'>,
    clock: Pick<Clock, 'now'>,
  ) {
    this.#calls = new DynamoCalls(access(itemDialect));
    this.#table = broadcasts;
    this.#clock = clock;
  }

  async lease(key: PresenceKey, forMs: number): Promise<PresenceLease> {
    const token = newWriteId();
    const now = this.#clock.now();
    const written = await this.#update(key, {
      update:
        'SET #leaseId = :id, #leaseUntil = :until, #expires = :expires REMOVE #postponed, #recheck, #asks',
      condition: 'attribute_not_exists(#leaseUntil) OR #leaseUntil <= :now',
      values: {
        ':id': text(token),
        ':until': number(now + forMs),
        ':now': number(now),
        ':expires': this.#expires,
      },
    });
    const item = written.done ? written.item : (written.found ?? (await this.#get(key)));
    // It was deleted in this moment. The next try will find no item.
    if (item === undefined) return { kind: 'busy', forMs: 0 };
    const leaseId = textIn(item, 'leaseId');
    if (leaseId === token) return { kind: 'leased', token, state: presenceIn(item) };
    const left = Math.max(0, numberIn(item, 'leaseUntil') - this.#clock.now());
    return item['postponed'] === undefined
      ? { kind: 'busy', forMs: left, recheck: item['recheck'] && numberIn(item, 'recheck') }
      : { kind: 'postponed', token: leaseId, forMs: left };
  }

  async set(key: PresenceKey, token: string, { told, sequence, telling }: PresenceState): Promise<boolean> {
    const kept = Object.entries({ told, telling }).flatMap(([name, hook]) =>
      hook === undefined ? [] : [[name, tellingAttribute(hook)] as const],
    );
    const sets = [
      '#sequence = :sequence',
      '#expires = :expires',
      ...kept.map(([name]) => `#${name} = :${name}`),
    ];
    const removed = [told === undefined ? ['#told'] : [], telling === undefined ? ['#telling'] : []].flat();
    const written = await this.#update(key, {
      update: `SET ${sets.join(', ')}${removed.length === 0 ? '' : ` REMOVE ${removed.join(', ')}`}`,
      condition: isHeld,
      values: {
        ':id': text(token),
        ':sequence': number(sequence),
        ':expires': this.#expires,
        ...Object.fromEntries(kept.map(([name, value]) => [`:${name}`, value])),
      },
    });
    return written.done;
  }

  async requestRecheck(key: PresenceKey, waited: number): Promise<RecheckRequest> {
    const now = this.#clock.now();
    const written = await this.#update(key, {
      update: 'SET #recheck = :waited ADD #asks :one',
      condition:
        '#leaseUntil > :now AND attribute_not_exists(#postponed) AND (attribute_not_exists(#recheck) OR #recheck < :waited)',
      values: { ':waited': number(waited), ':one': number(1), ':now': number(now) },
    });
    const item = written.done ? written.item : (written.found ?? (await this.#get(key)));
    if (item === undefined || item['postponed'] !== undefined) return { kind: 'free' };
    const forMs = numberIn(item, 'leaseUntil') - now;
    // A refusal may mean that another has asked for as much.
    const isAsked = item['recheck'] !== undefined && numberIn(item, 'recheck') >= waited;
    if (forMs <= 0 || !isAsked) return { kind: 'free' };
    // Or that this write was done, and its answer was lost. Then others may have asked since: one task too many does no harm.
    const isFirst = written.done ? numberIn(item, 'asks') === 1 : written.repeated;
    return { kind: 'requested', isFirst, forMs };
  }

  async releaseOrRecheck(key: PresenceKey, token: string): Promise<Recheck | undefined> {
    const released = await this.#update(key, {
      update: 'REMOVE #leaseUntil',
      condition: `${isHeld} AND attribute_not_exists(#recheck)`,
      values: { ':id': text(token) },
    });
    if (released.done) return undefined;
    let item = released.found ?? (await this.#get(key));
    for (;;) {
      const asked = item?.['recheck'];
      if (item === undefined || asked === undefined || textIn(item, 'leaseId') !== token) return undefined;
      const waited = numberIn(item, 'recheck');
      const taken = await this.#update(key, {
        update: 'REMOVE #recheck',
        condition: `${isHeld} AND #recheck = :waited`,
        values: { ':id': text(token), ':waited': asked },
      });
      item = taken.done ? taken.item : (taken.found ?? (await this.#get(key)));
      // Only the holder takes it, so if it is gone this write was done, though its answer may have been lost.
      if (item !== undefined && item['recheck'] === undefined && textIn(item, 'leaseId') === token)
        return { waited, state: presenceIn(item) };
    }
  }

  async release(key: PresenceKey, token: string, postponeMs = 0): Promise<void> {
    const isPostponed = postponeMs > 0;
    await this.#update(key, {
      update: isPostponed ? 'SET #leaseUntil = :until, #postponed = :postponed' : 'REMOVE #leaseUntil',
      condition: isHeld,
      values: {
        ':id': text(token),
        ...(isPostponed ? { ':until': number(this.#clock.now() + postponeMs), ':postponed': number(1) } : {}),
      },
    });
  }

  async depart(key: PresenceKey, { socket, path, at }: Departure): Promise<void> {
    await this.#update(key, {
      update: 'SET #departedAt = :at, #departedSocket = :socket, #departedPath = :path, #expires = :expires',
      condition: 'attribute_not_exists(#departedAt) OR #departedAt <= :at',
      values: { ':at': number(at), ':socket': text(socket), ':path': text(path), ':expires': this.#expires },
    });
  }

  async departure(key: PresenceKey): Promise<Departure | undefined> {
    const item = await this.#get(key);
    return item && departureIn(item);
  }

  #get(key: PresenceKey): Promise<Item | undefined> {
    return this.#calls.getItem({ TableName: this.#table, Key: keyOfPresence(key), ConsistentRead: true });
  }

  #update(
    key: PresenceKey,
    {
      update,
      condition,
      values,
    }: { readonly update: string; readonly condition: string; readonly values: Item },
  ): Promise<Written> {
    return this.#calls.updateItem({
      TableName: this.#table,
      Key: keyOfPresence(key),
      ReturnValues: 'ALL_NEW',
      UpdateExpression: update,
      ConditionExpression: condition,
      ExpressionAttributeNames: namesIn(`${update} ${condition}`),
      ExpressionAttributeValues: values,
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    });
  }

  /** When an item that is written now may be deleted. */
  get #expires(): Attribute {
    return expiresAfter(this.#clock.now(), daysKept);
  }
}
