import type { Registry, Stretch } from '../../functions/gateway/ports.ts';
import type { Acceptance, SocketEnd, SocketRecord } from '../../functions/gateway/record.ts';
import type { SocketFilter } from '../../functions/gateway/socket-filter.ts';
import type { GroupChange, GroupName } from '../../functions/wire/group.ts';
import type { SocketId } from '../../functions/wire/socket-id.ts';

/** Decides when, and whether, a call of a port has its effect and its answer. */
export type Pass = <Answer>(call: string, effect: () => Promise<Answer>) => Promise<Answer>;

/** A registry that makes every call through a pass. A survey or a broadcast reads all records in one call. */
export class PassedRegistry implements Registry {
  readonly #registry: Registry;
  readonly #pass: Pass;

  constructor(registry: Registry, pass: Pass) {
    this.#registry = registry;
    this.#pass = pass;
  }

  put(record: SocketRecord) {
    return this.#pass('put', () => this.#registry.put(record));
  }

  get(socket: SocketId) {
    return this.#pass('get', async () => this.#registry.get(socket));
  }

  accept(socket: SocketId, acceptance: Acceptance, to: 'open' | 'accepted') {
    return this.#pass(`accept ${to}`, () => this.#registry.accept(socket, acceptance, to));
  }

  setState(socket: SocketId, state: string, expected?: string) {
    return this.#pass('setState', () => this.#registry.setState(socket, state, expected));
  }

  markEnded(socket: SocketId, end: SocketEnd, leaseMs?: number) {
    return this.#pass(`close ${end.code}`, () => this.#registry.markEnded(socket, end, leaseMs));
  }

  lease(socket: SocketId, status: 'accepted' | 'closing', forMs: number) {
    return this.#pass(`lease ${status}`, () => this.#registry.lease(socket, status, forMs));
  }

  postpone(socket: SocketId, status: 'accepted' | 'closing', forMs: number, attempts?: number) {
    return this.#pass(`postpone ${status}`, () => this.#registry.postpone(socket, status, forMs, attempts));
  }

  countFailed(socket: SocketId, bytes: number) {
    return this.#pass('countFailed', () => this.#registry.countFailed(socket, bytes));
  }

  remove(socket: SocketId) {
    return this.#pass('remove', () => this.#registry.remove(socket));
  }

  append(socket: SocketId, body: string) {
    return this.#pass(`append ${body}`, () => this.#registry.append(socket, body));
  }

  waiting(socket: SocketId) {
    return this.#pass('waiting', () => this.#registry.waiting(socket));
  }

  flushed(socket: SocketId, count: number) {
    return this.#pass(`flushed ${count}`, () => this.#registry.flushed(socket, count));
  }

  changeGroups(socket: SocketId, change: GroupChange, known?: SocketRecord, at?: number) {
    const call = `groups ${[...change.join.map((name) => `+${name}`), ...change.leave.map((name) => `-${name}`)].join(' ')}`;
    return this.#pass(call, async () => this.#registry.changeGroups(socket, change, known, at));
  }

  listUsers(group: GroupName, limit: number, cursor?: string) {
    return this.#pass('listUsers', () => this.#registry.listUsers(group, limit, cursor));
  }

  segmentsOf(filter: SocketFilter) {
    return this.#registry.segmentsOf(filter);
  }

  async *segment(filter: SocketFilter, at: number, stretch: Stretch) {
    yield* await this.#pass('segment', () => all(this.#registry.segment(filter, at, stretch)));
  }

  list(filter: SocketFilter, limit: number, cursor?: string) {
    return this.#pass('list', () => this.#registry.list(filter, limit, cursor));
  }

  async *survey() {
    yield* await this.#pass('survey', () => all(this.#registry.survey()));
  }

  async *pages(filter: SocketFilter, from?: string, enough?: number) {
    yield* await this.#pass('pages', () => all(this.#registry.pages(filter, from, enough)));
  }
}

async function all<Page>(pages: AsyncIterable<Page>): Promise<Page[]> {
  const read: Page[] = [];
  for await (const page of pages) read.push(page);
  return read;
}
