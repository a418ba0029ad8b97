import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Client, connect, type Refusal, tryConnect } from '../../support/client.ts';
import { eventually } from '../../support/eventually.ts';
import { freshPath, type GatewayWorld, type Subject } from './world.ts';

/** How long one of these tests may take, in milliseconds: the pauses between probes are real. */
const testMs = 60_000;

/** What holds while the app of a gateway is away, and when it is back. */
export function breakerContract(subject: Subject): void {
  describe(`${subject.name}: an app that is away`, () => {
    let world: GatewayWorld;
    beforeAll(async () => {
      world = await subject.start();
    }, subject.startMs);
    afterAll(() => world.stop());

    test('gets probes alone, and is told all that it missed when it is back', {
      timeout: testMs,
    }, async () => {
      const app = new Outage(world);
      const clients = await Promise.all(Array.from({ length: 6 }, () => connect(world.at(app.path))));
      app.isAway = true;
      const refusal = await app.refuses();
      if (subject.tellsRefusals) {
        expect(JSON.parse(refusal.body)).toMatchObject({ status: 503, code: 'app_away' });
        expect(Number(refusal.headers['retry-after']), 'seconds').toBeGreaterThanOrEqual(1);
      }
      const openedAt = (await app.health('open'))['openedAt'];
      expect(Math.abs(Date.now() - Number(openedAt)), 'ms since it opened').toBeLessThan(testMs);
      const before = app.posts;
      for (const [at, client] of clients.entries())
        for (const message of messages) client.send(`${at} ${message}`);
      await eventually('a probe fails', () => app.posts > before);
      const probes = app.posts - before;
      // Without order there are several processes, which learn of it one by one.
      if (subject.keepsOrder)
        expect(probes, 'posts while it is away').toBeLessThanOrEqual(mostProbes(openedAt));
      app.isAway = false;
      await eventually('all messages', () => clients.every((_, at) => app.accepted(at).length >= 3));
      for (const at of clients.keys()) {
        const accepted = app.accepted(at);
        expect(subject.keepsOrder ? accepted : accepted.sort(), `messages of client ${at}`).toEqual(messages);
      }
      expect(await app.health('closed')).toEqual({ status: 'ok', breaker: 'closed' });
      await (await connect(world.at(app.path))).close();
      await Promise.all(clients.map((client) => client.close()));
      await eventually('all closed hooks', () => app.closed === 7);
    });
  });
}

const messages = ['1', '2', '3'];

/** How many probes there can have been since the breaker opened: each pause is twice as long, from half a second on. */
function mostProbes(openedAt: unknown): number {
  const passed = Date.now() - Number(openedAt);
  return Math.floor(Math.log2(passed / 500 + 1)) + 1;
}

/** An app that can be away, as clients on one path see it. */
class Outage {
  readonly path = freshPath();
  readonly #world: GatewayWorld;
  readonly #accepted: string[] = [];
  isAway = false;
  posts = 0;

  constructor(world: GatewayWorld) {
    this.#world = world;
    world.app.on(this.path, ({ fields }) => {
      this.posts += 1;
      if (this.isAway) return 503;
      if (fields['event'] === 'message') this.#accepted.push(fields['body'] ?? '');
      return 204;
    });
  }

  /** What it has accepted of a client's messages, in order. */
  accepted(client: number): string[] {
    return this.#accepted.filter((body) => body.startsWith(`${client} `)).map((body) => body.slice(2));
  }

  /** How many sockets it was told about whose clients have closed them. */
  get closed(): number {
    const told = this.#world.app.of(this.path, 'closed').filter(({ fields }) => fields['code'] === '1000');
    return new Set(told.map(({ headers }) => headers['webhook-id'])).size;
  }

  /** Connects clients, in vain, until the gateway refuses one without asking the app: its own 503 would be a 502. */
  async refuses(): Promise<Refusal> {
    const before = this.posts;
    // On AWS, failures must go on for six seconds.
    const until = performance.now() + 30_000;
    for (let tries = 1; ; tries++) {
      const refused = await tryConnect(this.#world.at(this.path));
      if (refused instanceof Client) throw new Error('A client is in while the app is away.');
      if (refused.status === 503) {
        // The app may have accepted a client that it answered with 503, so it gets a closed hook, which fails as well.
        expect(this.posts - before, 'posts that failed').toBeGreaterThanOrEqual(20);
        return refused;
      }
      expect(refused.status, `client ${tries}`).toBe(502);
      if (performance.now() > until) throw new Error('The breaker does not open.');
    }
  }

  /** What the gateway says about itself once its breaker is in a state. */
  async health(breaker: string): Promise<Record<string, unknown>> {
    let health: Record<string, unknown> = {};
    await eventually(`the breaker is ${breaker}`, async () => {
      health = (await this.#world.api.call('GET', '/health', { headers: { Authorization: '' } })).json;
      return health['breaker'] === breaker;
    });
    return health;
  }
}
