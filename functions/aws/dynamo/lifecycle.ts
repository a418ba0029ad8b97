import type { Lifecycle } from '../../gateway/ports.ts';
import type { Acceptance, SocketEnd, SocketRecord } from '../../gateway/record.ts';
import { limits } from '../../wire/limits.ts';
import type { SocketId } from '../../wire/socket-id.ts';
import { type AcceptNeeds, accept } from './accept.ts';
import { type Item, number, text } from './attribute.ts';
import type { Refused } from './calls.ts';
import {
  expiresAfter,
  handshakeAttributes,
  holdingOf,
  openingItem,
  recordOf,
  statusOf,
  textIn,
} from './item.ts';
import { rowsOf } from './member.ts';
import type { DynamoTable } from './table.ts';
import { newWriteId } from './write-id.ts';

/** DynamoDB: `<>` is true for an attribute that does not exist. */
const notClosing = 'attribute_exists(#socket) AND #status <> :closing';

/**
 * The lives of sockets in DynamoDB. A put, an acceptance, a close and a removal are one write request each, and one more
 * for each group. A write
 * without an answer is sent again, and may then be refused because it was done the first time. So a put, a lease and a
 * close each leave a write id in the record, which tells them from the same write by somebody else.
 */
export class DynamoLifecycle implements Lifecycle {
  readonly #table: DynamoTable;
  readonly #needs: AcceptNeeds;

  constructor(needs: AcceptNeeds) {
    this.#table = needs.table;
    this.#needs = needs;
  }

  async put(record: SocketRecord): Promise<boolean> {
    const writeId = newWriteId();
    const created = await this.#table.create({ ...openingItem(record), putId: text(writeId) });
    return created.done || (await this.#ours(record.socket, created, 'putId', writeId)) !== undefined;
  }

  async get(socket: SocketId): Promise<SocketRecord | undefined> {
    const item = await this.#table.get(socket);
    return item && recordOf(item);
  }

  accept(
    socket: SocketId,
    acceptance: Acceptance,
    to: 'open' | 'accepted',
  ): Promise<'done' | 'waiting' | 'gone' | 'too_many_groups'> {
    return accept(this.#needs, socket, acceptance, to);
  }

  async setState(socket: SocketId, state: string, expected?: string): Promise<'done' | 'gone' | 'outdated'> {
    const written = await this.#table.update(socket, stateUpdate(state, expected));
    if (written.done) return 'done';
    if (expected === undefined) return 'gone';
    const item = await this.#table.currentItem(socket, written);
    if (item === undefined || !isNotClosing(item)) return 'gone';
    // It has the state, and we may have set it: the answer was lost.
    return written.repeated && textIn(item, 'state') === state ? 'done' : 'outdated';
  }

  async markEnded(socket: SocketId, end: SocketEnd, leaseMs = 0): Promise<SocketRecord | undefined> {
    const writeId = newWriteId();
    const leaseUntil = leaseMs > 0 ? this.#needs.clock.now() + leaseMs : undefined;
    const closed = await this.#table.update(socket, closeBy(end, writeId, leaseUntil));
    if (closed.done) return closed.item && recordOf(closed.item);
    if (leaseUntil === undefined) return this.#ours(socket, closed, 'endId', writeId);
    const found = await this.#table.currentItem(socket, closed);
    // The socket was still opening, so it got no lease. It may have been accepted since.
    if (isNotClosing(found)) return this.markEnded(socket, end);
    return this.#ours(socket, { ...closed, found }, 'endId', writeId);
  }

  async lease(
    socket: SocketId,
    status: 'accepted' | 'closing',
    forMs: number,
  ): Promise<SocketRecord | undefined> {
    const writeId = newWriteId();
    const now = this.#needs.clock.now();
    const leased = await this.#table.update(socket, {
      returnsItem: true,
      update: 'SET #leaseUntil = :until, #leaseId = :id ADD #attempts :one',
      condition: '#status = :status AND (attribute_not_exists(#leaseUntil) OR #leaseUntil <= :now)',
      values: {
        ':status': text(status),
        ':now': number(now),
        ':until': number(now + forMs),
        ':one': number(1),
        ':id': text(writeId),
      },
    });
    if (leased.done) return leased.item && recordOf(leased.item);
    return this.#ours(socket, leased, 'leaseId', writeId);
  }

  async postpone(
    socket: SocketId,
    status: 'accepted' | 'closing',
    forMs: number,
    attempts?: number,
  ): Promise<void> {
    const until = number(this.#needs.clock.now() + forMs);
    await this.#table.update(socket, {
      update: `SET #leaseUntil = :until${attempts === undefined ? '' : ', #attempts = :attempts'}`,
      condition: '#status = :status',
      values: {
        ':status': text(status),
        ':until': until,
        ...(attempts === undefined ? {} : { ':attempts': number(attempts) }),
      },
    });
  }

  /** A count whose answer was lost is done again, since an early end of a socket is better than a write id in each. */
  async countFailed(socket: SocketId, bytes: number): Promise<'counted' | 'full' | 'gone'> {
    const counted = await this.#table.update(socket, {
      update: 'ADD #failedBytes :bytes',
      condition: `${notClosing} AND (attribute_not_exists(#failedBytes) OR #failedBytes <= :room)`,
      values: {
        ':closing': text('closing'),
        ':bytes': number(bytes),
        ':room': number(limits.failedBytes - bytes),
      },
    });
    if (counted.done) return 'counted';
    return isNotClosing(await this.#table.currentItem(socket, counted)) ? 'full' : 'gone';
  }

  async remove(socket: SocketId): Promise<void> {
    const item = await this.#table.delete(socket);
    if (item === undefined) return;
    await this.#needs.memberships.delete(rowsOf(socket, holdingOf(item)));
  }

  /** The record, if a write was refused because it had been done before: its write id is in the record then. */
  async #ours(
    socket: SocketId,
    refused: Refused,
    name: 'putId' | 'leaseId' | 'endId',
    writeId: string,
  ): Promise<SocketRecord | undefined> {
    if (!refused.repeated) return undefined;
    const item = await this.#table.currentItem(socket, refused);
    return item && textIn(item, name) === writeId ? recordOf(item) : undefined;
  }
}

/** The same write takes the lease, which saves a write when the caller also posts the closed hook. */
function closeBy({ code, reason, time }: SocketEnd, writeId: string, leaseUntil: number | undefined) {
  const isLeased = leaseUntil !== undefined;
  return {
    returnsItem: true,
    update:
      'SET #status = :closing, #code = :code, #reason = :reason, #endedAt = :time, #endId = :id, ' +
      '#expires = :expires' +
      (isLeased ? ', #leaseUntil = :until, #attempts = :one' : '') +
      ` REMOVE ${handshakeAttributes}, #leaseId${isLeased ? '' : ', #leaseUntil, #attempts'}`,
    condition: isLeased ? `${notClosing} AND attribute_exists(#acceptedAt)` : notClosing,
    values: {
      ':closing': text('closing'),
      ':code': number(code),
      ':reason': text(reason),
      ':time': number(time),
      ':expires': expiresAfter(time, 15),
      ':id': text(writeId),
      ...(isLeased ? { ':until': number(leaseUntil), ':one': number(1) } : {}),
    },
  };
}

function stateUpdate(state: string, expected: string | undefined) {
  const values = { ':state': text(state), ':closing': text('closing') };
  const update = 'SET #state = :state';
  if (expected === undefined) return { update, condition: notClosing, values };
  // An empty state may be stored, or left out.
  const isExpected =
    expected === '' ? '(attribute_not_exists(#state) OR #state = :expected)' : '#state = :expected';
  return {
    update,
    condition: `${notClosing} AND ${isExpected}`,
    values: { ...values, ':expected': text(expected) },
  };
}

function isNotClosing(item: Item | undefined): boolean {
  const status = statusOf(item);
  return status !== undefined && status !== 'closing';
}
