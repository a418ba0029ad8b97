import { once } from 'node:events';
import { createServer } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { appEnvironment } from '../../infra/local/app-environment.ts';
import type { Environment } from '../support/child-app.ts';
import { connect } from '../support/client.ts';
import type { ReceivedHook } from '../support/conform-hook.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { type LocalWorld, startLocal, testSecrets } from '../support/local.ts';
import { actions } from '../support/recording-app.ts';
import { evaluatePython } from './python.ts';

const [firstSecret = '', secondSecret = ''] = testSecrets.webhookSecrets;
const unknownSecret = 'whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA';

/** A server that answers its requests, whatever they are, by this list. */
async function strangeServer(
  answers: (readonly [status: number, location: string, body: string])[],
): Promise<{ url: string; stop(): void }> {
  const port = await freePort();
  const server = createServer((_, response) => {
    const [status, Location, body] = answers.shift() ?? [500, '', ''];
    response.writeHead(status, { Location, Connection: 'close' }).end(body);
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return { url: `http://127.0.0.1:${port}`, stop: () => server.close() };
}

describe('the module', () => {
  let world: LocalWorld;
  let environment: Environment;

  beforeEach(async () => {
    world = await startLocal();
    environment = appEnvironment(world.gateway, testSecrets);
  });

  afterEach(() => world.stop());

  /** Runs lines of Python beside the gateway, with these variables over those of its app. */
  function evaluate(lines: string, given: unknown = null, over: Environment = {}): Promise<unknown> {
    return evaluatePython(lines, given, { ...environment, ...over });
  }

  test('refuses bad arguments as the original did, before anything is sent', async () => {
    const client = await connect(`${world.url}/x`);
    const { fields } = await world.app.hook('/x', 'handshake');
    const lines = `
one = given
result = [attempt(call) for call in (
    lambda: websocket.send_message((one,), 'x'), lambda: websocket.send_message(1, 'x'),
    lambda: websocket.send_message(None, 'x'),
    lambda: websocket.send_message('', 'x'), lambda: websocket.send_message([None], 'x'),
    lambda: websocket.send_message([''], 'x'), lambda: websocket.send_message([one, None], 'x'),
    lambda: websocket.send_message([1], 'x'), lambda: websocket.send_message([one], None),
    lambda: websocket.send_message([one], {'a': 1}), lambda: websocket.send_message([one], b'x'),
    lambda: websocket.send_message([one], '\\ud800'),
    lambda: websocket.broadcast_message(None), lambda: websocket.broadcast_message('x', path=5),
    lambda: websocket.broadcast_message('x', exclude=[5]), lambda: websocket.close_socket(''),
    lambda: websocket.close_socket(None),
    lambda: websocket.Message({'from': '1'}), lambda: websocket.Message({'body': ''}))]`;
    const list = 'BadArgumentError: first argument of the send_message method must be a list.';
    const none = 'BadArgumentError: must specify sockets.';
    expect(await evaluate(lines, fields['from'])).toEqual([
      ...[list, list, list],
      ...[none, none, none, none],
      'TypeError: a socket id must be a str, not int.',
      'TypeError: the body must be a str, not NoneType.',
      'TypeError: the body must be a str, not dict.',
      'TypeError: the body must be a str, not bytes.',
      'BadArgumentError: the body must be well-formed Unicode.',
      'TypeError: the body must be a str, not NoneType.',
      'TypeError: the path must be a str, not int.',
      'TypeError: a socket id must be a str, not int.',
      'BadArgumentError: must specify a socket.',
      'TypeError: a socket id must be a str, not NoneType.',
      "KeyError: 'body'",
      "KeyError: 'from'",
    ]);
    client.ws.ping();
    await once(client.ws, 'pong');
    expect(client.left).toEqual([]);
  });

  test('sends to one and to many, broadcasts, closes, and tells what came of it', async () => {
    const [a, b] = [await connect(`${world.url}/a`), await connect(`${world.url}/b%20c`)];
    const ids = await Promise.all(
      ['/a', '/b%20c'].map(async (path) => (await world.app.hook(path, 'handshake')).fields['from']),
    );
    const lines = `
a, b = given
result = [
    websocket.send_message(a, 'to a'), websocket.send_message([], 'x'),
    websocket.send_message([a, b, 'nobody'], ''),
    websocket.send_message(['nobody%d' % n for n in range(2500)] + [b], 'to b'),
    websocket.broadcast_message('to all'), websocket.broadcast_message('not a', exclude=a),
    websocket.broadcast_message('not b', exclude=[b]), websocket.broadcast_message('at b', path='b c'),
    websocket.broadcast_message('to alice', user='alice'),
    websocket.close_socket(a), websocket.close_socket('nobody'),
    attempt(lambda: websocket.broadcast_message('x', user=''))]
result[3]['gone'] = len(result[3]['gone'])`;
    const sent = (delivered: number, gone: unknown = []) => ({ delivered, queued: 0, gone, failed: [] });
    const counted = (delivered: number) => ({ delivered, queued: 0, gone: 0, failed: 0 });
    expect(await evaluate(lines, ids)).toEqual([
      ...[sent(1), sent(0), sent(2, ['nobody']), sent(1, 2_500)],
      ...[counted(2), counted(1), counted(1), counted(1), counted(0)],
      ...[true, false, 'GatewayError: "user" must name a user.'],
    ]);
    expect(await a.take(4)).toEqual(['to a', '', 'to all', 'not b']);
    expect(await b.take(5)).toEqual(['', 'to b', 'to all', 'not a', 'at b']);
    expect((await a.closed).code).toBe(1000);
  });

  test('joins and leaves groups, and broadcasts to them', async () => {
    const [a, b] = [await connect(`${world.url}/a`), await connect(`${world.url}/b`)];
    const ids = await Promise.all(
      ['/a', '/b'].map(async (path) => (await world.app.hook(path, 'handshake')).fields['from']),
    );
    const lines = `
a, b = given
result = [
    websocket.join_group('room 1/2?', a), websocket.join_group('room 1/2?', a),
    websocket.broadcast_message('to the room', group='room 1/2?'),
    websocket.leave_group('room 1/2?', a), websocket.leave_group('room 1/2?', a),
    websocket.broadcast_message('to nobody', group='room 1/2?'), websocket.broadcast_message('to all'),
    websocket.join_group('g', 'nobody'), websocket.leave_group('g', 'nobody'),
    attempt(lambda: websocket.join_group('', a)), attempt(lambda: websocket.join_group(None, a)),
    attempt(lambda: websocket.join_group('g', '')), attempt(lambda: websocket.broadcast_message('x', group=7)),
    websocket.Message({'from': 'x', 'body': ''}).groups]`;
    const counted = (delivered: number) => ({ delivered, queued: 0, gone: 0, failed: 0 });
    expect(await evaluate(lines, ids)).toEqual([
      true,
      true,
      counted(1),
      true,
      true,
      counted(0),
      counted(2),
      false,
      false,
      'GatewayError: "group" is not allowed: the name of a group is not empty.',
      'TypeError: the group must be a str, not NoneType.',
      'BadArgumentError: must specify a socket.',
      'TypeError: the group must be a str, not int.',
      [],
    ]);
    expect(await a.take(2)).toEqual(['to the room', 'to all']);
    expect(await b.next()).toBe('to all');
    await a.close();
    await b.close();
  });

  test('repeats a call with its key, and each client gets the message once', async () => {
    const [a, b] = [await connect(`${world.url}/a`), await connect(`${world.url}/b`)];
    const ids = await Promise.all(
      ['/a', '/b'].map(async (path) => (await world.app.hook(path, 'handshake')).fields['from']),
    );
    const lines = `
a, b = given
many = [a] + ['nobody%d' % n for n in range(2500)] + [b]
def twice(call):
    first, again = call(), call()
    return [first.get('delivered'), first == again]
def refused(call):
    try:
        call()
    except websocket.GatewayError as error:
        return [error.status, error.code, error.may_pass]
result = [
    twice(lambda: websocket.send_message(a, 'one', idempotency_key='one')),
    twice(lambda: websocket.send_message(many, 'many', idempotency_key='k' * 255)),
    twice(lambda: websocket.broadcast_message('all', idempotency_key='one')),
    refused(lambda: websocket.send_message(a, 'another', idempotency_key='one')),
    attempt(lambda: websocket.send_message(a, 'x', idempotency_key='')),
    attempt(lambda: websocket.send_message(a, 'x', idempotency_key='k' * 256)),
    attempt(lambda: websocket.broadcast_message('x', idempotency_key='key ')),
    attempt(lambda: websocket.broadcast_message('x', idempotency_key='a\\nb')),
    attempt(lambda: websocket.broadcast_message('x', idempotency_key=7)),
    websocket.broadcast_message('last')['delivered']]`;
    const rule =
      'BadArgumentError: an idempotency key has 1 to 255 printable ASCII characters, with no space at either end.';
    expect(await evaluate(lines, ids)).toEqual([
      ...[
        [1, true],
        [2, true],
        [2, true],
      ],
      [422, 'idempotency_key_reused', false],
      ...[rule, rule, rule, rule, 'TypeError: the idempotency key must be a str, not int.', 2],
    ]);
    expect(await a.take(4)).toEqual(['one', 'many', 'all', 'last']);
    expect(await b.take(3)).toEqual(['many', 'all', 'last']);
    await a.close();
    await b.close();
  });

  test('lists dead letters, gets them, replays them and deletes them', async () => {
    let isRefusing = true;
    world.app.on('/dead', ({ fields }) => (fields['event'] === 'message' && isRefusing ? 422 : 204));
    const client = await connect(`${world.url}/dead`);
    for (const body of ['one', 'two', 'three', 'four']) client.send(body);
    const kept = async () => (await world.api.call('GET', '/dead-letters')).json['deadLetters'] as unknown[];
    await eventually('four dead letters', async () => (await kept()).length === 4);
    isRefusing = false;
    const lines = `
page = websocket.list_dead_letters(limit=3, body=True)
rest = websocket.list_dead_letters(cursor=page['cursor'])
one, two, three = [letter['deadLetter'] for letter in page['deadLetters']]
unknown = '0mws1q7to-8Ll1QzZ0yqKkq0n2H9mTqw'
result = [
    [letter.get('body') for letter in page['deadLetters'] + rest['deadLetters']],
    websocket.get_dead_letter(one) == {
        name: value for name, value in page['deadLetters'][0].items() if name != 'body'},
    websocket.get_dead_letter(one, body=True) == page['deadLetters'][0],
    websocket.replay_dead_letter(one), websocket.get_dead_letter(one), websocket.replay_dead_letter(one),
    websocket.delete_dead_letter(two), websocket.delete_dead_letter(two),
    [call(id) for id in (unknown, 'replay', '../sockets', '', 'a b') for call in (
        websocket.get_dead_letter, websocket.replay_dead_letter, websocket.delete_dead_letter)],
    attempt(lambda: websocket.get_dead_letter(None)), attempt(lambda: websocket.list_dead_letters(limit=0)),
    websocket.replay_dead_letters()]`;
    const [bodies, ...others] = (await evaluate(lines)) as [(string | null)[], ...unknown[]];
    expect(others).toEqual([
      ...[true, true, true, null, false, true, false],
      Array.from({ length: 5 }, () => [null, false, false]).flat(),
      'TypeError: the id of a dead letter must be a str, not NoneType.',
      'GatewayError: "limit" must be at least 1.',
      null,
    ]);
    const told = () => world.app.of('/dead', 'message').map(({ fields }) => fields['body']);
    await eventually('the replays', () => told().length === 7);
    await eventually('no letter is left', async () => (await kept()).length === 0);
    expect(await evaluate('result = websocket.list_dead_letters()')).toEqual({ deadLetters: [] });
    // The letters of one millisecond have an order, but not that of their messages.
    const [one, two, three, withoutBody] = bodies;
    expect(withoutBody).toBeNull();
    expect(told().slice(4)).toEqual(expect.arrayContaining([one, three]));
    expect(told().slice(4)).not.toContain(two);
    await client.close();
  });

  test.for(['form', 'json'])(
    'verifies and reads hooks in %s, whichever secret is its own',
    async (format) => {
      await world.stop();
      world = await startLocal({ WEBHOOK_FORMAT: format });
      environment = appEnvironment(world.gateway, testSecrets);
      const client = await connect(`${world.url}/a%20b/?x=1&from=me`, { origin: 'https://page.example' });
      const { from = '' } = (await world.app.hook('/a%20b/', 'handshake')).fields;
      const join = `result = [websocket.join_group(group, given) for group in ('room/1', '日本, "q"')]`;
      expect(await evaluate(join, from)).toEqual([true, true]);
      client.send('日本 & +=% "q"\r\n');
      const hook = await world.app.hook('/a%20b/', 'message');
      const lines = `
def read(base='/websocket', **over):
    hook = dict(given, **over)
    return websocket.verify(hook['headers'], hook['raw'].encode(), hook['url'], base)
message = websocket.Message(read())
names = 'socket body event path query user state origin groups code reason time'.split()
result = [
    {name: getattr(message, name) for name in names}, read('/websocket/') == read(),
    attempt(lambda: setattr(message, 'body', 'x') or 'set')[:14], attempt(lambda: read(base='/other')),
    attempt(lambda: read(url='/websocket/message/a+b/')), attempt(lambda: read(headers={}))]`;
      for (const secret of [firstSecret, secondSecret, secondSecret.replace('whsec_', '')]) {
        const over = { SOCKETHOOK_WEBHOOK_SECRET: secret };
        expect(await evaluate(lines, received(hook), over)).toEqual([
          {
            ...{ socket: hook.fields['from'], body: '日本 & +=% "q"\r\n', event: 'message', path: '/a%20b/' },
            ...{ query: 'x=1&from=me', user: '', state: '', origin: 'https://page.example', code: '' },
            groups: ['room/1', '日本, "q"'],
            ...{ reason: '', time: hook.fields['time'] },
          },
          true,
          'AttributeError',
          'VerificationError: The hook is signed for another URL.',
          'VerificationError: The hook is signed for another URL.',
          'VerificationError: The hook is not signed.',
        ]);
      }
      const over = { SOCKETHOOK_WEBHOOK_SECRET: unknownSecret };
      const unknown = `${lines.split('message =')[0]}result = attempt(read)`;
      expect(await evaluate(unknown, received(hook), over)).toBe(
        'VerificationError: The hook is not signed by the gateway.',
      );
      await client.close();
    },
  );

  test.for(['form', 'json'])('reads in %s which user has come to which group', async (format) => {
    await world.stop();
    world = await startLocal({
      WEBHOOK_FORMAT: format,
      HOOKS: 'handshake,joined,left',
      PRESENCE_GRACE_MS: '0',
    });
    environment = appEnvironment(world.gateway, testSecrets);
    const group = '日本, "q" & co';
    world.app.on('/a%20b', ({ fields }) =>
      fields['event'] === 'handshake' ? actions({ user: 'alice', join: [group] }) : 204,
    );
    const client = await connect(`${world.url}/a%20b`);
    const joined = await world.app.hook('/a%20b', 'joined');
    await client.close();
    const left = await world.app.hook('/a%20b', 'left');
    const lines = `
fields = websocket.verify(given['headers'], given['raw'].encode(), given['url'])
message = websocket.Message(fields)
names = 'socket event user group sequence time groups body'.split()
result = {name: getattr(message, name) for name in names}`;
    for (const hook of [joined, left]) {
      const { event, from, sequence, time } = hook.fields;
      const told = { socket: from, event, user: 'alice', group, sequence, time, groups: [], body: '' };
      expect(await evaluate(lines, received(hook)), event).toEqual(told);
    }
    const elsewhere = { ...joined, url: left.url };
    const attempted = lines.replace(
      'fields = websocket.verify(',
      'result = attempt(lambda: websocket.verify(',
    );
    expect(await evaluate(`${attempted.split('\nmessage')[0]})`, received(elsewhere))).toBe(
      'VerificationError: The hook is signed for another URL.',
    );
  });

  function received({ headers, raw, url }: ReceivedHook): unknown {
    return { headers, raw, url };
  }

  test('a call that the gateway refuses or does not answer raises, and gives the key to no one else', async () => {
    const lines = `
try:
    websocket.broadcast_message('x')
except websocket.GatewayError as error:
    result = [str(error), error.status, error.code, error.may_pass]`;
    const wrongKey = await evaluate(lines, null, { SOCKETHOOK_API_KEY: 'not-a-live-key-0123456789' });
    const sentence = 'Send the header "Authorization: Bearer <api key>" with a live key.';
    expect(wrongKey).toEqual([sentence, 401, 'unauthorized', true]);
    const nowhere = `http://127.0.0.1:${await freePort()}`;
    expect(await evaluate(lines, null, { SOCKETHOOK_API_URL: nowhere })).toEqual([
      ...[`The gateway at ${nowhere} does not answer.`, null, '', true],
    ]);
    const strange = await strangeServer([
      [302, `${nowhere}/stolen`, ''],
      [200, '', '<html>'],
      [413, '', '[]'],
    ]);
    const over = { SOCKETHOOK_API_URL: strange.url };
    expect(await evaluate(lines, null, over)).toEqual(['The gateway answered 302 Found.', 302, '', true]);
    const unreadable = `${strange.url} does not answer as a gateway.`;
    expect(await evaluate(lines, null, over)).toEqual([unreadable, null, '', true]);
    expect(await evaluate(lines, null, over)).toEqual([expect.any(String), 413, '', false]);
    strange.stop();
  });
});
