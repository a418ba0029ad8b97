import { expect } from 'vitest';
import { type Client, connect } from '../../support/client.ts';
import type { ReceivedHook } from '../../support/conform-hook.ts';
import { eventually } from '../../support/eventually.ts';
import { type Answer, actions } from '../../support/recording-app.ts';
import { freshGroup, groupUrl } from './group-member.ts';
import { freshPath, type GatewayWorld } from './world.ts';

/** A client in a room, and the id of its socket. */
export interface Visitor {
  readonly client: Client;
  readonly socket: string;
  readonly path: string;
}

/** How a client enters a room. */
interface Entry {
  readonly user?: string;
  /** The rooms of its ticket. Without a list it has no ticket, and the app has it join the room. */
  readonly ticket?: readonly string[];
  /** What the app answers to its handshake, if not the user and the room. */
  readonly handshake?: Answer;
  readonly query?: string;
}

/** A group that no other test has, and what the app is told of it. */
export class Room {
  readonly group = freshGroup();
  readonly #world: GatewayWorld;
  /** What the app answers next to hooks about users; 204 after that. */
  readonly #answers: Answer[];

  constructor(world: GatewayWorld, answers: readonly Answer[] = []) {
    this.#world = world;
    this.#answers = [...answers];
  }

  /** A client connects and is in the room, unless its entry says otherwise. A message of its is answered as it says. */
  async enter({ user = '', ticket, handshake, query }: Entry = {}): Promise<Visitor> {
    const path = freshPath();
    const { app } = this.#world;
    app.on(path, ({ fields: { event, body = '' } }) => {
      if (event === 'handshake') return handshake ?? actions({ user, join: ticket ? [] : [this.group] });
      if (event === 'message') return actions(JSON.parse(body));
      return event === 'closed' ? 204 : (this.#answers.shift() ?? 204);
    });
    const client = await connect(await this.#url(path, query, ticket));
    const { from = '' } = (await app.hook(path, 'handshake')).fields;
    return { client, socket: from, path };
  }

  /** Joined and left hooks of the room so far, in the order of their numbers, each id once. */
  told(user?: string): ReceivedHook[] {
    const mine = this.#world.app.hooks.filter(
      ({ fields }) => fields['group'] === this.group && (user === undefined || fields['user'] === user),
    );
    const once = new Map(mine.map((hook) => [hook.headers['webhook-id'], hook]));
    return [...once.values()].sort((one, other) => sequenceOf(one) - sequenceOf(other));
  }

  /** The events that were told of a user, in the order of their numbers. */
  events(user: string): (string | undefined)[] {
    return this.told(user).map(({ fields }) => fields['event']);
  }

  /** Waits until just these events have been told of a user. Returns the last. */
  async expectEvents(user: string, events: readonly string[]): Promise<ReceivedHook> {
    await eventually(`${user} has ${events}`, () => this.events(user).length >= events.length);
    expect(this.events(user), `what was told of ${user}`).toEqual(events);
    const last = this.told(user).at(-1);
    if (last === undefined) throw new Error('Nothing was told.');
    return last;
  }

  /** Waits until whatever was to be told of what has happened so far has been told: another user comes and goes. */
  async settled(): Promise<void> {
    const user = `witness-${this.told().length}`;
    const { client } = await this.enter({ user });
    await this.expectEvents(user, ['joined']);
    await client.close();
    await this.expectEvents(user, ['joined', 'left']);
  }

  /** The users of the room by name, as the HTTP API lists them. */
  async users(): Promise<unknown> {
    return (await this.#world.api.call('GET', groupUrl(this.group, '/users'))).json['users'];
  }

  async #url(path: string, query: string | undefined, groups: readonly string[] | undefined) {
    if (groups === undefined) return this.#world.at(path, query);
    const { json } = await this.#world.api.post('/urls', { path, groups });
    return String(json['url']);
  }
}

function sequenceOf({ fields }: ReceivedHook): number {
  return Number(fields['sequence']);
}
