import { expect } from 'vitest';
import type { ApiAnswer } from '../../support/api.ts';
import { type Client, connect } from '../../support/client.ts';
import type { ReceivedHook } from '../../support/conform-hook.ts';
import { type Answer, actions } from '../../support/recording-app.ts';
import { freshPath, type GatewayWorld } from './world.ts';

let count = 0;

/** The name of a group that no other test has. */
export function freshGroup(): string {
  count += 1;
  return `room:${process.pid}-${count}`;
}

/** The URL of a call about a group whose name is in the query, which carries any name in any world. */
export function groupUrl(group: string, rest = ''): string {
  return `/groups/-${rest}?group=${encodeURIComponent(group)}`;
}

/** A socket joins a group by HTTP. */
export function joinByHttp({ api }: GatewayWorld, group: string, socket: string): Promise<ApiAnswer> {
  return api.call('PUT', groupUrl(group, `/sockets/${encodeURIComponent(socket)}`));
}

/** A socket leaves a group by HTTP. */
export function leaveByHttp({ api }: GatewayWorld, group: string, socket: string): Promise<ApiAnswer> {
  return api.call('DELETE', groupUrl(group, `/sockets/${encodeURIComponent(socket)}`));
}

/** The ids of the sockets in a group, read page by page, in the order of the list. */
export async function listed({ api }: GatewayWorld, group: string, limit = 100): Promise<string[]> {
  const sockets: string[] = [];
  for (let cursor = ''; ; ) {
    const { json } = await api.call('GET', `${groupUrl(group, '/sockets')}&limit=${limit}${cursor}`);
    for (const { socket } of json['sockets'] as { socket: string }[]) sockets.push(socket);
    if (json['cursor'] === undefined) return sockets;
    cursor = `&cursor=${encodeURIComponent(String(json['cursor']))}`;
  }
}

/** Sends to a group. Returns how many sockets it reached: those that are open, and those that are still opening. */
export async function broadcastTo(
  { api }: GatewayWorld,
  group: string,
  body: string,
  rest: Record<string, unknown> = {},
): Promise<number> {
  const answer = await api.broadcast({ body, group, ...rest });
  expect(answer.status).toBe(200);
  return Number(answer.json['delivered']) + Number(answer.json['queued']);
}

/** The groups that a hook carries: a list, which the form writes as JSON. */
export function groupsOf({ raw, fields, headers }: ReceivedHook): string[] {
  return headers['content-type'] === 'application/json'
    ? JSON.parse(raw).groups
    : JSON.parse(String(fields['groups']));
}

/** What a test decides about a new member. */
interface Given {
  readonly path?: string;
  /** The actions that the app answers to the handshake with, or another answer, or what makes one. */
  readonly handshake?: object | ((socket: string) => Promise<Answer>);
  /** The groups of its ticket. Without a list it has no ticket. */
  readonly ticket?: readonly string[];
}

/** The clients that are still connected. */
const connected = new Set<Client>();

/** Closes all clients, and waits until their sockets have ended. */
export async function closeMembers(): Promise<void> {
  await Promise.all([...connected].map((client) => client.close()));
}

/** A client whose app answers each of its messages with the actions that the test asks for. */
export class Member {
  readonly socket: string;
  readonly path: string;
  readonly client: Client;
  readonly #world: GatewayWorld;

  private constructor(world: GatewayWorld, path: string, client: Client, socket: string) {
    this.#world = world;
    this.path = path;
    this.client = client;
    this.socket = socket;
  }

  static async open(world: GatewayWorld, given: Given = {}): Promise<Member> {
    const { path = freshPath(), handshake = {} } = given;
    const known = world.app.of(path, 'handshake').length;
    world.app.on(path, ({ fields: { event, body = '', from = '' } }) => {
      if (event === 'message') return actions(JSON.parse(body).answer);
      if (event === 'closed') return 204;
      return typeof handshake === 'function' ? handshake(from) : actions(handshake);
    });
    const client = await connect(await urlOf(world, path, given.ticket));
    connected.add(client);
    void client.closed.then(() => connected.delete(client));
    return new Member(world, path, client, world.app.of(path, 'handshake')[known]?.fields['from'] ?? '');
  }

  /** Sends a message that is answered with these actions. Returns its hook once it has arrived. */
  ask(answer: object): Promise<ReceivedHook> {
    count += 1;
    const body = JSON.stringify({ message: count, answer });
    this.client.send(body);
    return this.#world.app.hook(this.path, 'message', ({ fields }) => fields['body'] === body);
  }

  /** The same for actions that end with their reply: returns once they are done. */
  async act(
    answer: { readonly join?: readonly string[]; readonly leave?: readonly string[] } = {},
  ): Promise<string[]> {
    const reply = `done ${count}`;
    const hook = await this.ask({ ...answer, reply });
    expect(await this.client.next()).toBe(reply);
    return groupsOf(hook);
  }

  /** What arrived until now, in order: all that calls have delivered that had their answers before this one. */
  async arrived(): Promise<string[]> {
    count += 1;
    const last = `last ${count}`;
    expect((await this.#world.api.send(this.socket, last)).json).toMatchObject({ gone: [], failed: [] });
    const bodies: string[] = [];
    for (let body = await this.client.next(); body !== last; body = await this.client.next())
      bodies.push(body);
    return bodies;
  }

  /** Closes the socket, and returns its closed hook. */
  async close(): Promise<ReceivedHook> {
    await this.client.close();
    return this.#world.app.hook(this.path, 'closed', ({ fields }) => fields['from'] === this.socket);
  }
}

async function urlOf(world: GatewayWorld, path: string, groups?: readonly string[]): Promise<string> {
  if (groups === undefined) return world.at(path);
  const { status, json } = await world.api.post('/urls', { path, groups });
  expect(status).toBe(200);
  return String(json['url']);
}
