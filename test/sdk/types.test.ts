import { beforeAll, expect, expectTypeOf, test } from 'vitest';
import { hookEvents } from '../../functions/wire/hook.ts';
import { type HookActions, type HookAnswer, type HookHandlers, hooks, refuse } from '../../sdk/index.ts';
import { testSecrets } from '../support/local.ts';
import { aHook } from '../wire/a-hook.ts';
import { signedRequest } from './signed.ts';

beforeAll(() => {
  process.env['SOCKETHOOK_WEBHOOK_SECRET'] = testSecrets.webhookSecrets[0];
});

type Handlers = HookHandlers<Request>;

/** What the compiler refuses, which who writes JavaScript learns when the hook comes. */
const wrong: readonly Handlers[] = [
  // @ts-expect-error A closed socket can't be replied to.
  { closed: () => 'text' },
  // @ts-expect-error The same, later.
  { closed: async () => 'text' },
  // @ts-expect-error The same, as an action.
  { closed: () => ({ reply: 'text' }) },
  // @ts-expect-error It can't be closed either.
  { closed: () => ({ broadcast: [{ body: 'x' }], close: true }) },
  // @ts-expect-error It is in no group any more.
  { closed: () => ({ join: ['room:1'] }) },
  // @ts-expect-error The same.
  { closed: async () => ({ leave: ['room:1'] }) },
  // @ts-expect-error It has no state any more.
  { closed: () => ({ state: 'x' }) },
  // @ts-expect-error It can't be refused.
  { closed: () => refuse(404) },
  // @ts-expect-error A user is not one socket, so there is none to reply to.
  { joined: () => 'text' },
  // @ts-expect-error The same.
  { left: async () => 'text' },
  // @ts-expect-error And none that could join a group.
  { joined: () => ({ join: ['room:1'] }) },
  // @ts-expect-error Nor one that could be closed.
  { left: () => ({ broadcast: [], close: true }) },
  // @ts-expect-error A user who has come can't be refused.
  { joined: () => refuse() },
  // @ts-expect-error In a handshake a client is refused, not closed.
  { handshake: () => ({ close: true }) },
  // @ts-expect-error The same, beside what is allowed.
  { handshake: async () => ({ reply: 'text', close: true }) },
  // @ts-expect-error Whose a socket is was settled by its handshake.
  { message: () => ({ reply: 'text', user: 'alice' }) },
  // @ts-expect-error And so was its subprotocol.
  { message: () => ({ subprotocol: 'chat' }) },
  // @ts-expect-error A message can't be refused.
  { message: () => refuse(404) },
  // @ts-expect-error It is an object or a text.
  { message: () => [{ reply: 'text' }] },
  // @ts-expect-error There is no such action.
  { message: () => ({ repyl: 'text' }) },
];

test.for(wrong.map((handlers) => [handlers] as const))('%o fails when its hook comes', async ([handlers]) => {
  for (const event of hookEvents) {
    if (handlers[event] === undefined) continue;
    const asked = hooks(handlers, { seen: false })(signedRequest(aHook({ event, id: `${event}_1` })));
    await expect(asked).rejects.toMatchObject({ code: 'ERR_ANSWER' });
  }
});

const right: readonly Handlers[] = [
  { handshake: () => undefined, message: () => {}, closed: async () => {} },
  { handshake: ({ user }) => (user === '' ? refuse(401) : { user, subprotocol: 'chat', state: 's' }) },
  { handshake: async () => 'welcome', message: async () => 'text' },
  { handshake: ({ groups }) => ({ join: ['room:1'], leave: groups }) },
  {
    message: ({ body, groups }) => ({ join: [body], leave: groups, broadcast: [{ body, group: 'room:1' }] }),
  },
  { closed: ({ groups }) => ({ broadcast: groups.map((group) => ({ body: 'left', group })) }) },
  { joined: ({ user, group }) => ({ broadcast: [{ body: `${user} is here`, group }] }) },
  { left: async ({ socket, sequence }) => ({ send: [{ sockets: socket, body: String(sequence + 1) }] }) },
  { joined: () => undefined, left: async () => {} },
  { message: ({ body }) => (body === '' ? { close: true } : { reply: body, state: 's' }) },
  { closed: ({ path }) => ({ send: [], broadcast: [{ body: 'left', path }] }) },
  { closed: async ({ path }) => (path === '/' ? undefined : { broadcast: [{ body: 'left', path }] }) },
];

test.for(right.map((handlers) => [handlers] as const))('%o answers its hooks', async ([handlers]) => {
  for (const event of hookEvents) {
    const asked = hooks(handlers, { seen: false })(signedRequest(aHook({ event, id: `${event}_1` })));
    expect((await asked).status).toBeOneOf([200, 204, 401]);
  }
});

test('the answer of each hook has the actions that it allows', () => {
  expectTypeOf<{ reply: string; user: string }>().toExtend<HookAnswer<'handshake'>>();
  expectTypeOf<{ reply: string; user: string }>().not.toExtend<HookAnswer<'message'>>();
  expectTypeOf<{ reply: string; close: true }>().toExtend<HookAnswer<'message'>>();
  expectTypeOf<string>().not.toExtend<HookAnswer<'closed'>>();
  expectTypeOf<string>().not.toExtend<HookAnswer<'joined'>>();
  expectTypeOf<HookActions>().not.toExtend<HookAnswer<'message'>>();
});
