import type { CallClaim, ClaimedCall, Idempotency, KeptAnswer, Outcomes } from '../../gateway/idempotency.ts';
import type { Clock } from '../../gateway/ports.ts';
import { limits } from '../../wire/limits.ts';
import { type Item, number, text } from './attribute.ts';
import { answerIn, keyOfCall, outcomesAttribute, outcomesIn } from './call-item.ts';
import { type DynamoAccess, DynamoCalls, itemDialect, type Written } from './calls.ts';
import { numberIn, textIn } from './item.ts';
import { namesIn, type TableNames } from './table.ts';
import { newWriteId } from './write-id.ts';

/** A claim that is wanted. */
interface Wanted {
  readonly call: string;
  readonly id: string;
  readonly fingerprint: string;
  readonly forMs: number;
}

/** Whether a run still has its claim. */
const isHeld = '#claimId = :id AND attribute_not_exists(#status)';

/**
 * The calls with idempotency keys, in the table of broadcasts. A call costs two writes: its claim and its answer. An item
 * that is older than a day counts for nothing, whether DynamoDB has deleted it or not.
 */
export class DynamoIdempotency implements Idempotency {
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

  async claim(call: string, fingerprint: string, forMs: number): Promise<ClaimedCall> {
    const wanted = { call, id: newWriteId(), fingerprint, forMs };
    const now = this.#clock.now();
    const created = await this.#create(wanted, now);
    if (created.done) return claimed(wanted, wanted.id);
    const found = created.found ?? (await this.#get(call));
    return this.#judge(wanted, found) ?? this.#takeOver(wanted, found);
  }

  async progress(claim: CallClaim, outcomes: Outcomes): Promise<void> {
    await this.#update(claim.call, 'SET #outcomes = :outcomes', isHeld, {
      ':id': text(claim.id),
      ':outcomes': outcomesAttribute(outcomes),
    });
  }

  async suspend(claim: CallClaim, outcomes: Outcomes): Promise<void> {
    await this.#update(claim.call, 'SET #outcomes = :outcomes, #claimUntil = :none', isHeld, {
      ':id': text(claim.id),
      ':outcomes': outcomesAttribute(outcomes),
      ':none': number(0),
    });
  }

  async answer(claim: CallClaim, { status, body, location }: KeptAnswer): Promise<void> {
    const place = location === undefined ? '' : ', #location = :location';
    const update = `SET #status = :status, #body = :body${place} REMOVE #outcomes`;
    await this.#update(claim.call, update, isHeld, {
      ':id': text(claim.id),
      ':status': number(status),
      ':body': text(body),
      ...(location === undefined ? {} : { ':location': text(location) }),
    });
  }

  /** As if its day were over: a function needs no right to delete items for it. */
  async release(claim: CallClaim): Promise<void> {
    await this.#update(claim.call, 'SET #startedAt = :none', isHeld, {
      ':id': text(claim.id),
      ':none': number(0),
    });
  }

  /** Puts the item of a new call, in place of one whose day is over. */
  #create({ call, id, fingerprint, forMs }: Wanted, now: number): Promise<Written> {
    const condition = 'attribute_not_exists(#part) OR #startedAt <= :expired';
    return this.#calls.putItem({
      TableName: this.#table,
      Item: {
        ...keyOfCall(call),
        fingerprint: text(fingerprint),
        startedAt: number(now),
        first: text(id),
        claimId: text(id),
        claimUntil: number(now + forMs),
        // DynamoDB time to live: seconds since 1970.
        expires: number(Math.ceil(now / 1_000) + limits.idempotencySeconds),
      },
      ConditionExpression: condition,
      ExpressionAttributeNames: namesIn(condition),
      ExpressionAttributeValues: { ':expired': number(now - limits.idempotencySeconds * 1_000) },
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    });
  }

  /** What an item says about a claim that it refused. Undefined if the claim that it has is over. */
  #judge(wanted: Wanted, item: Item | undefined): ClaimedCall | undefined {
    // It was deleted in this moment. The next try will find no item.
    if (item === undefined) return { kind: 'running', forMs: 0 };
    // The write was ours, and its answer was lost.
    if (textIn(item, 'claimId') === wanted.id) return claimed(wanted, textIn(item, 'first'), item);
    if (textIn(item, 'fingerprint') !== wanted.fingerprint) return { kind: 'other' };
    const answer = answerIn(item);
    if (answer !== undefined) return { kind: 'answered', answer };
    const forMs = numberIn(item, 'claimUntil') - this.#clock.now();
    return forMs > 0 ? { kind: 'running', forMs } : undefined;
  }

  /** Takes the place of a run that died, unless another one has. */
  async #takeOver(wanted: Wanted, seen: Item | undefined): Promise<ClaimedCall> {
    const written = await this.#update(
      wanted.call,
      'SET #claimId = :id, #claimUntil = :until, #resumed = :resumed',
      '#claimId = :seen AND #first = :first AND attribute_not_exists(#status)',
      {
        ':id': text(wanted.id),
        ':until': number(this.#clock.now() + wanted.forMs),
        ':resumed': number(1),
        ':seen': text(seen === undefined ? '' : textIn(seen, 'claimId')),
        ':first': text(seen === undefined ? '' : textIn(seen, 'first')),
      },
    );
    const item = written.done ? written.item : (written.found ?? (await this.#get(wanted.call)));
    return this.#judge(wanted, item) ?? { kind: 'running', forMs: 0 };
  }

  #get(call: string): Promise<Item | undefined> {
    return this.#calls.getItem({ TableName: this.#table, Key: keyOfCall(call), ConsistentRead: true });
  }

  #update(call: string, update: string, condition: string, values: Item): Promise<Written> {
    return this.#calls.updateItem({
      TableName: this.#table,
      Key: keyOfCall(call),
      ReturnValues: 'ALL_NEW',
      UpdateExpression: update,
      ConditionExpression: condition,
      ExpressionAttributeNames: namesIn(`${update} ${condition}`),
      ExpressionAttributeValues: values,
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    });
  }
}

/** `first` is the id of the first claim. The item says whether the call was taken over. Without one it is new. */
function claimed({ call, id }: Wanted, first: string, item: Item = {}): ClaimedCall {
  const isResumed = item['resumed'] !== undefined;
  const claim = { call, id };
  return { kind: 'claimed', claim, source: `${call}#${first}`, isResumed, outcomes: outcomesIn(item) };
}
