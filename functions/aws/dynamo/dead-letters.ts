import type { DeadLetter, DeadLetterPage } from '../../gateway/dead-letters.ts';
import type { Clock, Log } from '../../gateway/ports.ts';
import { type DeadLetterId, parseDeadLetterId } from '../../wire/dead-letter-id.ts';
import { limits } from '../../wire/limits.ts';
import { type Item, number, text } from './attribute.ts';
import type { DynamoAccess, Place } from './calls.ts';
import { bodyKey, letterKey, type StoredLetter, shards, storedLetterOf } from './dead-letter-item.ts';
import { DeadLetterKeeper } from './dead-letter-keeper.ts';
import { textIn } from './item.ts';
import { forEach } from './parallel.ts';
import { pageBy, type ReadTable, readDialect } from './read.ts';
import { namesIn, type TableNames } from './table.ts';

/** How many letters a list looks at, so that it ends even if nearly all of them have expired. */
const lettersPerPage = 2_000;

/** How many bodies are read at a time. */
const bodiesAtOnce = 16;

/** The dead letters in DynamoDB, which deletes an expired item within days. Until then it counts as absent. */
export class DynamoDeadLetters extends DeadLetterKeeper {
  readonly #table: ReadTable;
  readonly #clock: Pick<Clock, 'now'>;

  constructor(
    access: DynamoAccess,
    tables: Pick<TableNames, 'deadLetters'>,
    clock: Pick<Clock, 'now'>,
    log: Pick<Log, 'warnOnce'>,
  ) {
    super(access, tables);
    this.#table = { dynamo: access(readDialect), name: tables.deadLetters, log };
    this.#clock = clock;
  }

  override async get(id: DeadLetterId): Promise<DeadLetter | undefined> {
    // If its body has gone, the letter was removed in between, or has died again.
    return (await this.#getOnce(id)) ?? this.#getOnce(id);
  }

  override async list(
    limit: number,
    cursor: string | undefined,
    whole: boolean,
  ): Promise<DeadLetterPage | undefined> {
    const after = cursor === undefined ? '' : parseDeadLetterId(cursor);
    if (after === undefined) return undefined;
    const found: StoredLetter[] = [];
    let [last, looked] = [after, 0];
    for await (const stored of this.#behind(after, limit)) {
      if (found.length === limit || looked === lettersPerPage)
        return { deadLetters: await this.#read(found, whole), cursor: last };
      looked += 1;
      last = stored.letter.id;
      if (stored.letter.diedAt > this.#since) found.push(stored);
    }
    return { deadLetters: await this.#read(found, whole) };
  }

  override async remove(id: DeadLetterId, diedAt?: number): Promise<boolean> {
    const since = '#diedAt > :since';
    const condition = diedAt === undefined ? since : `${since} AND #diedAt = :diedAt`;
    const removed = await this.calls.deleteItem({
      ...this.#at(letterKey(id)),
      ReturnValues: 'ALL_OLD',
      ConditionExpression: condition,
      ExpressionAttributeNames: namesIn(condition),
      ExpressionAttributeValues: {
        ':since': number(this.#since),
        ...(diedAt === undefined ? {} : { ':diedAt': number(diedAt) }),
      },
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    });
    // If an earlier attempt has removed it, its answer was lost, and its body is left to expire.
    if (!removed.done) return removed.repeated && removed.found === undefined;
    const bodyId = textIn(removed.item ?? {}, 'bodyId');
    if (bodyId !== '') await this.calls.deleteItem(this.#at(bodyKey(bodyId, id)));
    return true;
  }

  async #getOnce(id: DeadLetterId): Promise<DeadLetter | undefined> {
    const item = await this.calls.getItem({ ...this.#at(letterKey(id)), ConsistentRead: true });
    const stored = item && storedLetterOf(item);
    return stored !== undefined && stored.letter.diedAt > this.#since ? this.#withBody(stored) : undefined;
  }

  async #withBody({ letter, bodyId }: StoredLetter): Promise<DeadLetter | undefined> {
    if (bodyId === undefined) return letter;
    const place = this.#at(bodyKey(bodyId, letter.id));
    const item = await this.calls.getItem({ ...place, ConsistentRead: true });
    return item && { ...letter, hook: { ...letter.hook, body: textIn(item, 'body') } };
  }

  async #read(found: readonly StoredLetter[], whole: boolean): Promise<DeadLetter[]> {
    if (!whole) return found.map(({ letter }) => letter);
    const read = new Map<DeadLetterId, DeadLetter>();
    await forEach(found, bodiesAtOnce, async (stored) => {
      const { id } = stored.letter;
      const letter = (await this.#withBody(stored)) ?? (await this.get(id));
      if (letter !== undefined) read.set(id, letter);
    });
    return found.flatMap(({ letter }) => read.get(letter.id) ?? []);
  }

  /** All letters behind an id, in the order of their ids: always the first of those that come next in their shards. */
  async *#behind(after: string, limit: number): AsyncGenerator<StoredLetter> {
    const pageSize = Math.ceil(limit / shards.length) + 2;
    const sources = shards.map((shard) => this.#shard(shard, after, pageSize));
    const next = await Promise.all(sources.map(async (source) => ({ source, head: await source.next() })));
    for (;;) {
      const left = next.flatMap((one) => (one.head.done === true ? [] : [{ one, stored: one.head.value }]));
      const [first, ...others] = left;
      if (first === undefined) return;
      const least = others.reduce((so, each) => (idOf(each) < idOf(so) ? each : so), first);
      yield least.stored;
      least.one.head = await least.one.source.next();
    }
  }

  async *#shard(shard: string, after: string, pageSize: number): AsyncGenerator<StoredLetter> {
    const condition = `#shard = :shard${after === '' ? '' : ' AND #letter > :after'}`;
    let start: Item | undefined;
    do {
      const found = await this.#table.dynamo.run('Query', {
        TableName: this.#table.name,
        ConsistentRead: true,
        Limit: pageSize,
        KeyConditionExpression: condition,
        ExpressionAttributeNames: namesIn(condition),
        ExpressionAttributeValues: {
          ':shard': text(shard),
          ...(after === '' ? {} : { ':after': text(after) }),
        },
        ...(start === undefined ? {} : { ExclusiveStartKey: start }),
      });
      const { values, last } = pageBy(this.#table, found, storedLetterOf, (key) => key);
      yield* values;
      start = last;
    } while (start !== undefined);
  }

  #at(key: Item): Place {
    return { TableName: this.#table.name, Key: key };
  }

  /** A letter of a death at this time, in milliseconds since 1970, or before it has expired. */
  get #since(): number {
    return this.#clock.now() - limits.deadLetterSeconds * 1_000;
  }
}

function idOf({ stored }: { readonly stored: StoredLetter }): DeadLetterId {
  return stored.letter.id;
}
