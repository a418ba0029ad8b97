import type { DeadLetter, DeadLetterPage, DeadLetters } from '../../gateway/dead-letters.ts';
import type { DeadLetterId } from '../../wire/dead-letter-id.ts';
import { limits } from '../../wire/limits.ts';
import { type Item, number, text } from './attribute.ts';
import { type DynamoAccess, DynamoCalls, itemDialect } from './calls.ts';
import { bodyKey, letterItem } from './dead-letter-item.ts';
import type { TableNames } from './table.ts';
import { newWriteId } from './write-id.ts';

/** Less time than usual, since a function may have to keep a letter at the end of its run, after SQS did not answer. */
const dialect = { ...itemDialect, maxMs: 1_750, maxMsOfAttempt: 1_000 } as const;

/**
 * The dead letters in DynamoDB, for functions that only keep some. A letter is written after its body, and each body has an
 * id of its own, so that whoever finds a letter finds its body.
 */
export class DeadLetterKeeper implements DeadLetters {
  protected readonly calls: DynamoCalls;
  readonly #writes: DynamoCalls;
  readonly #table: string;

  constructor(access: DynamoAccess, { deadLetters }: Pick<TableNames, 'deadLetters'>) {
    this.calls = new DynamoCalls(access(itemDialect));
    this.#writes = new DynamoCalls(access(dialect));
    this.#table = deadLetters;
  }

  /** The body of a letter that it replaces is left to expire. */
  async put(letter: DeadLetter): Promise<'kept'> {
    const { id, hook, diedAt } = letter;
    const bodyId = hook.body === '' ? undefined : newWriteId();
    const expires = number(Math.ceil(diedAt / 1_000) + limits.deadLetterSeconds);
    if (bodyId !== undefined) await this.#put({ ...bodyKey(bodyId, id), body: text(hook.body), expires });
    await this.#put({ ...letterItem(letter, bodyId), expires });
    return 'kept';
  }

  get(_id: DeadLetterId): Promise<DeadLetter | undefined> {
    return onlyKeeps();
  }

  list(_limit: number, _cursor: string | undefined, _whole: boolean): Promise<DeadLetterPage | undefined> {
    return onlyKeeps();
  }

  remove(_id: DeadLetterId, _diedAt?: number): Promise<boolean> {
    return onlyKeeps();
  }

  async #put(item: Item): Promise<void> {
    await this.#writes.putItem({ TableName: this.#table, Item: item });
  }
}

function onlyKeeps(): Promise<never> {
  return Promise.reject(new Error('This function only keeps dead letters.'));
}
