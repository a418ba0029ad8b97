import type { Registry, Stretch } from '../../functions/gateway/ports.ts';
import type { Acceptance, SocketEnd, SocketRecord } from '../../functions/gateway/record.ts';
import type { SocketFilter } from '../../functions/gateway/socket-filter.ts';
import type { GroupChange, GroupName } from '../../functions/wire/group.ts';
import type { SocketId } from '../../functions/wire/socket-id.ts';

/** A registry that announces each call before it is made. If the observer throws, the call fails. */
export class WatchedRegistry implements Registry {
  readonly #registry: Registry;
  readonly #before: (call: keyof Registry, socket?: SocketId) => void;

  constructor(registry: Registry, before: (call: keyof Registry, socket?: SocketId) => void) {
    this.#registry = registry;
    this.#before = before;
  }

  async put(record: SocketRecord) {
    this.#before('put', record.socket);
    return this.#registry.put(record);
  }

  async get(socket: SocketId) {
    this.#before('get', socket);
    return this.#registry.get(socket);
  }

  async accept(socket: SocketId, acceptance: Acceptance, to: 'open' | 'accepted') {
    this.#before('accept', socket);
    return this.#registry.accept(socket, acceptance, to);
  }

  async setState(socket: SocketId, state: string, expected?: string) {
    this.#before('setState', socket);
    return this.#registry.setState(socket, state, expected);
  }

  async markEnded(socket: SocketId, end: SocketEnd, leaseMs?: number) {
    this.#before('markEnded', socket);
    return this.#registry.markEnded(socket, end, leaseMs);
  }

  async lease(socket: SocketId, status: 'accepted' | 'closing', forMs: number) {
    this.#before('lease', socket);
    return this.#registry.lease(socket, status, forMs);
  }

  async postpone(socket: SocketId, status: 'accepted' | 'closing', forMs: number, attempts?: number) {
    this.#before('postpone', socket);
    return this.#registry.postpone(socket, status, forMs, attempts);
  }

  async countFailed(socket: SocketId, bytes: number) {
    this.#before('countFailed', socket);
    return this.#registry.countFailed(socket, bytes);
  }

  async remove(socket: SocketId) {
    this.#before('remove', socket);
    return this.#registry.remove(socket);
  }

  async append(socket: SocketId, body: string) {
    this.#before('append', socket);
    return this.#registry.append(socket, body);
  }

  async waiting(socket: SocketId) {
    this.#before('waiting', socket);
    return this.#registry.waiting(socket);
  }

  async flushed(socket: SocketId, count: number) {
    this.#before('flushed', socket);
    return this.#registry.flushed(socket, count);
  }

  async changeGroups(socket: SocketId, change: GroupChange, known?: SocketRecord, at?: number) {
    this.#before('changeGroups', socket);
    return this.#registry.changeGroups(socket, change, known, at);
  }

  async listUsers(group: GroupName, limit: number, cursor?: string) {
    this.#before('listUsers');
    return this.#registry.listUsers(group, limit, cursor);
  }

  segmentsOf(filter: SocketFilter) {
    return this.#registry.segmentsOf(filter);
  }

  segment(filter: SocketFilter, at: number, stretch: Stretch) {
    this.#before('segment');
    return this.#registry.segment(filter, at, stretch);
  }

  survey() {
    this.#before('survey');
    return this.#registry.survey();
  }

  pages(filter: SocketFilter, from?: string, enough?: number) {
    this.#before('pages');
    return this.#registry.pages(filter, from, enough);
  }

  async list(filter: SocketFilter, limit: number, cursor?: string) {
    this.#before('list');
    return this.#registry.list(filter, limit, cursor);
  }
}
