import type { Outbox } from '../../gateway/ports.ts';
import { limits } from '../../wire/limits.ts';
import { byteLength } from '../../wire/printable.ts';
import type { SocketId } from '../../wire/socket-id.ts';
import { type Item, number, text, textSet, texts } from './attribute.ts';
import type { Written } from './calls.ts';
import { numberIn, outboxOf, statusOf } from './item.ts';
import type { DynamoTable } from './table.ts';
import { newWriteId } from './write-id.ts';

/**
 * The waiting messages, in the record of their socket. Messages are added at the end and taken off the front, so the
 * two do not conflict. A write without an answer is sent again, and must not be done twice. So an append leaves a write
 * id in the record, and a removal is conditional on how many messages were removed before. The write ids go when the
 * outbox goes: an append that is repeated after a flush has opened the socket returns `open` although it was done, and
 * its message may be delivered twice.
 */
export class DynamoOutbox implements Outbox {
  readonly #table: DynamoTable;

  constructor(table: DynamoTable) {
    this.#table = table;
  }

  async append(socket: SocketId, body: string): Promise<'queued' | 'open' | 'full' | 'gone'> {
    const writeId = newWriteId();
    const bytes = byteLength(body);
    const appended = await this.#table.update(socket, {
      update:
        'SET #outbox = list_append(#outbox, :bodies), #outboxBytes = #outboxBytes + :bytes ' +
        'ADD #appendIds :ids',
      condition:
        '#status IN (:opening, :accepted) AND size(#outbox) < :most AND #outboxBytes <= :room ' +
        'AND NOT contains(#appendIds, :id)',
      values: {
        ':bodies': texts([body]),
        ':bytes': number(bytes),
        ':id': text(writeId),
        ':ids': textSet([writeId]),
        ':opening': text('opening'),
        ':accepted': text('accepted'),
        ':most': number(limits.outboxMessages),
        ':room': number(limits.outboxBytes - bytes),
      },
    });
    return appended.done ? 'queued' : whyNot(writeId, await this.#table.currentItem(socket, appended));
  }

  async waiting(socket: SocketId): Promise<readonly string[]> {
    return outboxOf(await this.#table.get(socket));
  }

  async flushed(socket: SocketId, count: number): Promise<'open' | 'more' | 'gone'> {
    const opened = await this.#open(socket, count);
    if (opened.done) return 'open';
    const item = await this.#table.currentItem(socket, opened);
    const status = statusOf(item);
    if (status === 'open' && opened.repeated) return 'open';
    if (item === undefined || status !== 'accepted') return 'gone';
    const waiting = outboxOf(item).length;
    if (waiting <= count) return this.flushed(socket, waiting);
    return count === 0 ? 'more' : this.#takeOff(socket, count, item);
  }

  /** Opens the socket if exactly `count` messages wait: the posted ones, and none added since. */
  #open(socket: SocketId, count: number): Promise<Written> {
    return this.#table.update(socket, {
      update:
        'SET #status = :open REMOVE #outbox, #outboxBytes, #taken, #appendIds, #putId, ' +
        '#leaseUntil, #leaseId, #attempts',
      condition: '#status = :accepted AND size(#outbox) = :count',
      values: { ':open': text('open'), ':accepted': text('accepted'), ':count': number(count) },
    });
  }

  /** Refused if messages were removed since the item was read: by this write, if its answer was lost, or by another flusher. */
  async #takeOff(socket: SocketId, count: number, item: Item): Promise<'more' | 'gone'> {
    const taken = numberIn(item, 'taken');
    const posted = outboxOf(item).slice(0, count);
    const bytes = posted.reduce((sum, body) => sum + byteLength(body), 0);
    // DynamoDB counts places as they were before the removal. Emulators count again after each, so the last goes first.
    const places = posted.map((_, at) => `#outbox[${at}]`).reverse();
    const taking = await this.#table.update(socket, {
      update: `SET #outboxBytes = #outboxBytes - :bytes, #taken = :now REMOVE ${places.join(', ')}`,
      condition: '#status = :accepted AND #taken = :before',
      values: {
        ':bytes': number(bytes),
        ':now': number(taken + count),
        ':before': number(taken),
        ':accepted': text('accepted'),
      },
    });
    if (taking.done) return 'more';
    return statusOf(await this.#table.currentItem(socket, taking)) === 'accepted' ? 'more' : 'gone';
  }
}

/** Why an append was refused. `queued` if it was done before, and only its answer was lost. */
function whyNot(writeId: string, item: Item | undefined): 'queued' | 'open' | 'full' | 'gone' {
  const status = statusOf(item);
  if (item === undefined || status === undefined || status === 'closing') return 'gone';
  if (item['appendIds']?.SS?.includes(writeId)) return 'queued';
  return status === 'open' ? 'open' : 'full';
}
