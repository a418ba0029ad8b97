import type { Clock, Lifecycle } from '../gateway/ports.ts';
import type { Acceptance, SocketEnd, SocketRecord } from '../gateway/record.ts';
import type { SocketId } from '../wire/socket-id.ts';
import { type Item, number, text } from './dynamo-attribute.ts';
import { endOf, expiresAfter, numberIn, openingItem, recordOf, statusOf, textIn } from './dynamo-item.ts';
import type { DynamoTable } from './dynamo-table.ts';

/** What a socket has no more once it is open or closing. */
const leftBehind = '#outbox, #outboxBytes, #taken, #lastAppend';
/** DynamoDB: `<>` is true of an attribute that is not there. */
const living = 'attribute_exists(#socket) AND #status <> :closing';

/**
 * The lives of sockets in DynamoDB: a put, an acceptance, a close and a removal are one write request each. What
 * got no answer is sent again, so a write that was refused after that is ours if the item is as we would have left it.
 */
export class DynamoLifecycle implements Lifecycle {
  readonly #table: DynamoTable;
  readonly #clock: Pick<Clock, 'now'>;

  constructor(table: DynamoTable, clock: Pick<Clock, 'now'>) {
    this.#table = table;
    this.#clock = clock;
  }

  async put(record: SocketRecord): Promise<void> {
    const created = await this.#table.create(openingItem(record));
    if (!created.done && !created.repeated)
      throw new Error(`The socket ${record.socket} has a record already.`);
  }

  async get(socket: SocketId): Promise<SocketRecord | undefined> {
    const item = await this.#table.get(socket);
    return item && recordOf(item);
  }

  async accept(
    socket: SocketId,
    acceptance: Acceptance,
    to: 'open' | 'accepted',
  ): Promise<'done' | 'waiting' | 'gone'> {
    const accepted = await this.#table.update(socket, acceptanceOf(acceptance, to));
    if (accepted.done) return 'done';
    const item = await this.#table.standing(socket, accepted);
    if (statusOf(item) === 'opening') return 'waiting';
    if (statusOf(item) === 'closing') await this.#table.update(socket, lateAcceptance(acceptance));
    return accepted.repeated && isAccepted(item, acceptance, to) ? 'done' : 'gone';
  }

  async keep(socket: SocketId, state: string): Promise<boolean> {
    const values = { ':state': text(state), ':closing': text('closing') };
    return (await this.#table.update(socket, { update: 'SET #state = :state', condition: living, values }))
      .done;
  }

  async close(socket: SocketId, end: SocketEnd, leaseMs = 0): Promise<SocketRecord | undefined> {
    const leaseUntil = leaseMs > 0 ? this.#clock.now() + leaseMs : undefined;
    const closed = await this.#table.update(socket, closeBy(end, leaseUntil));
    if (closed.done) return closed.item && recordOf(closed.item);
    if (!closed.repeated && leaseUntil === undefined) return undefined;
    const item = await this.#table.standing(socket, closed);
    if (statusOf(item) === 'opening') return this.close(socket, end);
    if (!closed.repeated) return undefined;
    const isOurs = statusOf(item) === 'closing' && item && isSame(endOf(item), end);
    return isOurs ? recordOf(item) : undefined;
  }

  async lease(
    socket: SocketId,
    status: 'accepted' | 'closing',
    forMs: number,
  ): Promise<SocketRecord | undefined> {
    const now = this.#clock.now();
    const leased = await this.#table.update(socket, {
      returnsItem: true,
      update: 'SET #leaseUntil = :until ADD #attempts :one',
      condition: '#status = :status AND (attribute_not_exists(#leaseUntil) OR #leaseUntil <= :now)',
      values: {
        ...{ ':status': text(status), ':now': number(now), ':until': number(now + forMs), ':one': number(1) },
      },
    });
    if (leased.done) return leased.item && recordOf(leased.item);
    if (!leased.repeated) return undefined;
    const item = await this.#table.standing(socket, leased);
    const isOurs = statusOf(item) === status && item && numberIn(item, 'leaseUntil') === now + forMs;
    return isOurs ? recordOf(item) : undefined;
  }

  async postpone(socket: SocketId, status: 'accepted' | 'closing', forMs: number): Promise<void> {
    const until = number(this.#clock.now() + forMs);
    await this.#table.update(socket, {
      update: 'SET #leaseUntil = :until',
      condition: '#status = :status',
      values: { ':status': text(status), ':until': until },
    });
  }

  async remove(socket: SocketId): Promise<void> {
    await this.#table.delete(socket);
  }
}

/** What the app said of a socket that was closed before it had decided. */
function lateAcceptance({ user, state, acceptedAt }: Acceptance) {
  return {
    update:
      `SET #acceptedAt = :at, #state = :state${user === '' ? '' : ', #user = :user'}` +
      (user === '' ? ' REMOVE #user' : ''),
    condition: '#status = :closing AND attribute_not_exists(#acceptedAt)',
    values: {
      ...{ ':at': number(acceptedAt), ':state': text(state), ':closing': text('closing') },
      ...(user === '' ? {} : { ':user': text(user) }),
    },
  };
}

/** To `open` only while nothing waits; the outbox is kept for the flusher otherwise. An index key can't be empty. */
function acceptanceOf({ user, state, acceptedAt }: Acceptance, to: 'open' | 'accepted') {
  const known = user === '' ? {} : { ':user': text(user) };
  const opens = to === 'open' ? { ':none': number(0) } : {};
  const removed = [...(user === '' ? ['#user'] : []), ...(to === 'open' ? [leftBehind] : [])].join(', ');
  return {
    update:
      `SET #status = :to, #acceptedAt = :at, #state = :state${user === '' ? '' : ', #user = :user'}` +
      (removed === '' ? '' : ` REMOVE ${removed}`),
    condition: `#status = :opening${to === 'open' ? ' AND size(#outbox) = :none' : ''}`,
    values: {
      ...{ ':to': text(to), ':at': number(acceptedAt), ':state': text(state), ':opening': text('opening') },
      ...{ ...known, ...opens },
    },
  };
}

function isAccepted(item: Item | undefined, { user, state, acceptedAt }: Acceptance, to: string): boolean {
  if (item === undefined || statusOf(item) !== to || numberIn(item, 'acceptedAt') !== acceptedAt)
    return false;
  return textIn(item, 'user') === user && textIn(item, 'state') === state;
}

/** A lease is taken in the same write, so that whoever ends a socket and tells it pays for one write less. */
function closeBy({ code, reason, time }: SocketEnd, leaseUntil: number | undefined) {
  const isLeased = leaseUntil !== undefined;
  return {
    returnsItem: true,
    update:
      'SET #status = :closing, #code = :code, #reason = :reason, #endedAt = :time, #expires = :expires' +
      (isLeased ? ', #leaseUntil = :until, #attempts = :one' : '') +
      ` REMOVE ${leftBehind}${isLeased ? '' : ', #leaseUntil, #attempts'}`,
    condition: isLeased ? `${living} AND attribute_exists(#acceptedAt)` : living,
    values: {
      ...{ ':closing': text('closing'), ':code': number(code), ':reason': text(reason) },
      ...{ ':time': number(time), ':expires': expiresAfter(time, 15) },
      ...(isLeased ? { ':until': number(leaseUntil), ':one': number(1) } : {}),
    },
  };
}

function isSame(one: SocketEnd, other: SocketEnd): boolean {
  return one.code === other.code && one.reason === other.reason && one.time === other.time;
}
