import {
  ApiGatewayManagementApiClient,
  PostToConnectionCommand,
} from '@aws-sdk/client-apigatewaymanagementapi';
import { freshPath, type GatewayWorld } from '../contract/gateway/world.ts';
import { type Client, connect } from '../support/client.ts';
import { actions } from '../support/recording-app.ts';

/** What no document of AWS says plainly: what we take for true, which the stand-in does, and how to find out. */
export interface Question {
  readonly about: string;
  readonly standIn: string;
  readonly ask: (asked: Asked) => Promise<string>;
}

/** Who is asked. */
export interface Asked {
  readonly world: GatewayWorld;
  /** Where @connections is. */
  readonly callback: { readonly endpoint: string; readonly region: string };
}

/** How long nothing has to come for it to count as nothing, in milliseconds. */
const silenceMs = 3_000;

/** Asked of a stack whose replies are posted. */
export const questions: readonly Question[] = [
  {
    about: '`?path=%2Ffoo%2Fbar` comes to $connect',
    standIn: 'decoded once',
    ask: async ({ world }) => {
      const client = await connect(world.at('/q%20path'));
      const hook = await world.app.hook('/q%20path', 'handshake').finally(() => client.close());
      return hook.fields['path'] === '/q%20path' ? 'decoded once' : `as ${hook.fields['path']}`;
    },
  },
  {
    about: 'a ping, answered by the MOCK integration',
    standIn: 'the frame {"sockethook":"pong"}, no hook, the socket stays open',
    ask: async ({ world }) => {
      const path = freshPath();
      const client = await opened(world, path);
      client.send('{"sockethook":"ping"}');
      const heard = await within(client.next());
      const open = client.ws.readyState === client.ws.OPEN;
      const hooks = world.app.of(path, 'message').length;
      await client.close();
      return [
        heard === undefined ? 'no frame' : `the frame ${heard}`,
        hooks === 0 ? 'no hook' : `${hooks} hooks`,
        open ? 'the socket stays open' : 'the socket is closed',
      ].join(', ');
    },
  },
  {
    about: 'a post to a socket whose $connect has not returned',
    standIn: '410, and 200 once it has',
    ask: async ({ world, callback }) => {
      const path = freshPath();
      const during: string[] = [];
      world.app.on(path, async ({ fields: { event, from = '' } }) => {
        if (event === 'handshake') during.push(await posted(callback, from));
        return 204;
      });
      const client = await connect(world.at(path));
      const { from = '' } = (await world.app.hook(path, 'handshake')).fields;
      const after = await posted(callback, from);
      await client.close();
      return `${during.join()}, and ${after} once it has`;
    },
  },
  {
    about: 'two Cookie headers of a client come to $connect',
    standIn: 'a=1; b=2',
    ask: async ({ world }) => {
      const path = freshPath();
      const client = await connect(world.at(path), { headers: { Cookie: ['a=1', 'b=2'] as never } });
      const { headers } = await world.app.hook(path, 'handshake');
      await client.close();
      return String(headers.cookie);
    },
  },
  {
    about: '50 messages sent at once, put in order by their time',
    standIn: 'all are there, in the order in which they were sent',
    ask: async ({ world }) => {
      const path = freshPath();
      const client = await connect(world.at(path));
      const sent = Array.from({ length: 50 }, (_, at) => String(at));
      for (const body of sent) client.send(body);
      const all = sent.map((body) =>
        world.app.hook(path, 'message', ({ fields }) => fields['body'] === body),
      );
      const hooks = await within(Promise.all(all), 20_000);
      await client.close();
      if (hooks === undefined) return `${world.app.of(path, 'message').length} of 50 are there`;
      const times = hooks.map(({ fields }) => Number(fields['time']));
      const wrong = times.filter((time, at) => at > 0 && time < (times[at - 1] ?? 0)).length;
      return wrong === 0
        ? 'all are there, in the order in which they were sent'
        : `all are there, ${wrong} with an earlier time than the one before`;
    },
  },
];

/** Asked of a stack whose replies travel by the route. */
export const routeQuestions: readonly Question[] = [
  {
    about: 'a message whose function returns no body, replyBy route',
    standIn: 'no frame',
    ask: async ({ world }) => {
      const path = freshPath();
      const client = await opened(world, path);
      client.send('no reply, please');
      await world.app.hook(path, 'message');
      const heard = await within(client.next());
      await client.close();
      return heard === undefined ? 'no frame' : `a frame of ${Buffer.byteLength(heard)} bytes: "${heard}"`;
    },
  },
];

/** Asked of a stack whose messages Lambda queues. */
export const queuedQuestions: readonly Question[] = [
  {
    about: 'messages of several kinds, messageInvocation event',
    standIn: 'all arrive as they were sent, and no frame',
    ask: async ({ world }) => {
      const path = freshPath();
      const client = await opened(world, path);
      const texts = [
        'plain',
        '{"a":[1]}',
        '"✓ 東京 🗼" \\ $context.stage #set($a)',
        'a\n\tb',
        '',
        'x'.repeat(32_000),
      ];
      for (const text of texts) client.send(text);
      const wanted = (text: string) =>
        world.app.hook(path, 'message', ({ fields }) => fields['body'] === text);
      const hooks = await within(Promise.all(texts.map(wanted)), 30_000);
      const heard = await within(client.next());
      await client.close();
      const got = world.app
        .of(path, 'message')
        .map(({ fields }) => JSON.stringify(fields['body']).slice(0, 50));
      return [
        hooks === undefined ? `only these arrive: ${got.join(' ')}` : 'all arrive as they were sent',
        heard === undefined ? 'and no frame' : `and the frame ${heard}`,
      ].join(', ');
    },
  },
  {
    about: 'the ids and times of ten messages, messageInvocation event',
    standIn: 'ten ids, and all of the last minute',
    ask: async ({ world }) => {
      const path = freshPath();
      const client = await opened(world, path);
      const sent = Array.from({ length: 10 }, (_, at) => String(at));
      for (const body of sent) client.send(body);
      const all = sent.map((body) =>
        world.app.hook(path, 'message', ({ fields }) => fields['body'] === body),
      );
      const hooks = (await within(Promise.all(all), 30_000)) ?? world.app.of(path, 'message');
      await client.close();
      const ids = new Set(hooks.map(({ headers }) => headers['webhook-id']));
      const late = hooks.filter(({ fields }) => Math.abs(Date.now() - Number(fields['time'])) > 60_000);
      return `${ids.size === 10 ? 'ten' : ids.size} ids, and ${late.length === 0 ? 'all' : 'some not'} of the last minute`;
    },
  },
  {
    about: 'a reply, messageInvocation event',
    standIn: 'thanks',
    ask: async ({ world }) => {
      const path = freshPath();
      world.app.on(path, ({ fields: { event } }) => actions(event === 'message' ? { reply: 'thanks' } : {}));
      const client = await connect(world.at(path));
      client.send('hello');
      const heard = await within(client.next(), 30_000);
      await client.close();
      return heard ?? 'no frame';
    },
  },
];

async function opened(world: GatewayWorld, path: string): Promise<Client> {
  world.app.on(path, () => actions({}));
  return connect(world.at(path));
}

/** What an @connections post of our own is answered: its status. */
async function posted(callback: Asked['callback'], socket: string): Promise<string> {
  const api = new ApiGatewayManagementApiClient(callback);
  const post = new PostToConnectionCommand({ ConnectionId: socket, Data: Buffer.from('posted') });
  return api
    .send(post)
    .then(
      ({ $metadata }) => String($metadata.httpStatusCode),
      (error) => String(error?.$metadata?.httpStatusCode ?? error),
    )
    .finally(() => api.destroy());
}

/** What comes within a while; undefined if nothing does. */
async function within<Value>(coming: Promise<Value>, ms = silenceMs): Promise<Value | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ms);
  });
  return Promise.race([coming, over]).finally(() => clearTimeout(timer));
}
