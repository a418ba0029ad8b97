import type { Cloud, Opened } from './cloud.ts';

/** What the gateway says of groups, asked in every way that there is. */
export class GroupChecks {
  readonly #cloud: Cloud;
  #count = 0;

  constructor(cloud: Cloud) {
    this.#cloud = cloud;
  }

  /** `PUT` or `DELETE` of a socket in a group. Returns the status. */
  async call(method: 'PUT' | 'DELETE', group: string, socket: string): Promise<number> {
    const { url, key } = this.#cloud.api;
    const path = `/groups/-/sockets/${encodeURIComponent(socket)}?group=${encodeURIComponent(group)}`;
    // Not by the helper, which knows no answer of API Gateway itself.
    const headers = { Authorization: `Bearer ${key}` };
    return (await fetch(`${url}${path}`, { method, headers })).status;
  }

  /** The sockets that a group lists. */
  async listed(group: string): Promise<unknown[]> {
    const { json } = await this.#cloud.api.call(
      'GET',
      `/groups/-/sockets?group=${encodeURIComponent(group)}`,
    );
    return (json['sockets'] as { socket: string }[]).map(({ socket }) => socket);
  }

  /** The users that a group lists. */
  async users(group: string): Promise<unknown> {
    const { json } = await this.#cloud.api.call('GET', `/groups/-/users?group=${encodeURIComponent(group)}`);
    return json['users'];
  }

  /** How many sockets a broadcast of the group's name reaches. */
  async reached(group: string): Promise<unknown> {
    return (await this.#cloud.api.broadcast({ body: group, group })).json['delivered'];
  }

  /**
   * Those of these groups that an open socket is in. Throws unless its next hook, the lists and what a broadcast reaches
   * all say the same.
   */
  async agreed({ client, from, path }: Opened, among: readonly string[]): Promise<string[]> {
    this.#count += 1;
    const [question, end] = [`question ${this.#count}`, `end ${this.#count}`];
    client.send(question);
    const { fields } = await this.#cloud.app.hook(
      path,
      'message',
      ({ fields: { body } }) => body === question,
    );
    const said: string[] = JSON.parse(fields['groups'] ?? '');
    const reached: string[] = [];
    for (const group of among) await this.#cloud.api.broadcast({ body: `to ${group}`, group });
    await this.#cloud.api.send(from, end);
    for (let got = await client.next(); got !== end; got = await client.next()) {
      if (got.startsWith('to ')) reached.push(got.slice(3));
    }
    for (const group of among) {
      const isListed = (await this.listed(group)).includes(from);
      const about = `${group}: said ${said.includes(group)}, listed ${isListed}, reached ${reached.includes(group)}`;
      if (isListed !== said.includes(group) || isListed !== reached.includes(group)) throw new Error(about);
    }
    return said;
  }
}
