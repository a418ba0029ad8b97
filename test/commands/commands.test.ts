import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { awsSubject } from '../aws/world.ts';
import { freshPath, type GatewayWorld, type Subject } from '../contract/gateway/world.ts';
import { connect } from '../support/client.ts';
import { localSubject } from '../support/local.ts';
import { CommandLine, type Ran, variablesOf } from './command.ts';

let line: CommandLine;
beforeAll(async () => {
  line = await CommandLine.build();
});

describe.each<Subject>([localSubject, awsSubject])('commands for the $name', (subject) => {
  let world: GatewayWorld;
  beforeAll(async () => {
    world = await subject.start();
  });
  afterAll(() => world.stop());

  const run = (args: readonly string[], input?: string): Promise<Ran> =>
    line.run(args, variablesOf(world), input);

  /** Runs a command with --json, which must end with a code. Gives what it printed. */
  async function json(args: readonly string[], code = 0) {
    const ran = await run([...args, '--json']);
    expect([ran.code, ran.errors], args.join(' ')).toEqual([code, '']);
    return JSON.parse(ran.output);
  }

  const open = async (path = freshPath()) => {
    const client = await connect(world.at(path));
    const { from = '' } = (await world.app.hook(path, 'handshake')).fields;
    return { client, from, path };
  };

  test('`url` makes a URL that a client connects with as its user, in its groups', async () => {
    const path = freshPath();
    const args = ['url', '--user', 'alice', '--expires-in', '60', '--group', 'a', '--group', 'b', path];
    const { code, output } = await run(args);
    expect(code).toBe(0);
    const client = await connect(output.trim());
    const { fields } = await world.app.hook(path, 'handshake');
    expect([fields['user'], fields['groups']]).toEqual(['alice', '["a","b"]']);
    await client.close();
    expect((await json(args)).url).toContain('?ticket=');
  });

  test('an id that begins with `-` is an id, and no flag', async () => {
    const id = '-GqeHuLU1vAmaA0=';
    expect((await json(['send', 'hello', id], 1)).gone).toEqual([id]);
    const none = { delivered: 0, queued: 0, gone: 0, failed: 0 };
    expect(await json(['broadcast', 'hello', '--path', '/nobody', '--except', id])).toMatchObject(none);
  });

  test('`send` sends a text to sockets, and fails if one is gone', async () => {
    const [one, two] = [await open(), await open()];
    const sent = await run(['send', 'hello', one.from, two.from]);
    expect(sent).toEqual({ code: 0, output: 'delivered 2, queued 0, gone 0, failed 0\n', errors: '' });
    expect([await one.client.next(), await two.client.next()]).toEqual(['hello', 'hello']);
    expect(await json(['send', 'again', one.from, 'Zk3QxGone='], 1)).toEqual({
      ...{ delivered: 1, queued: 0, gone: ['Zk3QxGone='], failed: [] },
    });
    expect(await one.client.next()).toBe('again');
    await run(['send', '-', one.from], 'from a pipe');
    expect(await one.client.next()).toBe('from a pipe');
    await one.client.close();
    await two.client.close();
  });

  test('`broadcast` reaches the sockets of a path, less those left out', async () => {
    const path = freshPath();
    const [one, two, three] = [
      await connect(world.at(path)),
      await connect(world.at(path)),
      await open(path),
    ];
    const [first = '', , third = ''] = world.app.of(path, 'handshake').map(({ fields }) => fields['from']);
    const args = ['broadcast', '--path', path, '--except', first, '--except', third, 'to all'];
    expect(await run(args)).toEqual({
      code: 0,
      output: 'delivered 1, queued 0, gone 0, failed 0\n',
      errors: '',
    });
    expect(await two.next()).toBe('to all');
    expect((await json(args)).delivered).toBe(1);
    await one.close();
    await three.client.close();
    await two.close();
  });

  test('`sockets` lists who is open on a path, a page at a time', async () => {
    const path = freshPath();
    const [one, two] = [await open(path), await connect(world.at(path))];
    const { output } = await run(['sockets', '--path', path]);
    expect(output.split('\n')[0]).toMatch(/^SOCKET +PATH +USER +OPENED$/);
    expect(output).toContain(`${one.from}  ${path}`);
    const first = await json(['sockets', '--path', path, '--limit', '1']);
    expect(first.sockets).toHaveLength(1);
    const second = await json(['sockets', '--path', path, '--limit', '1', '--cursor', first.cursor]);
    expect(second.sockets).toHaveLength(1);
    expect(second.sockets[0].socket).not.toBe(first.sockets[0].socket);
    await one.client.close();
    await two.close();
  });

  test('`groups` lets sockets join and leave, and counts them', async () => {
    const { client, from } = await open();
    const group = `room ${freshPath()}`;
    expect(await run(['groups', 'join', group, from])).toMatchObject({
      code: 0,
      output: `joined  ${from}\n`,
    });
    expect(await run(['groups', 'show', group])).toMatchObject({ output: 'sockets 1, users 0\n' });
    expect((await json(['sockets', '--group', group])).sockets[0].socket).toBe(from);
    expect(await json(['groups', 'leave', group, from])).toEqual([{ id: from, outcome: 'left' }]);
    expect(await json(['groups', 'show', group])).toMatchObject({ group, sockets: 0 });
    expect((await run(['groups', 'join', group, 'Zk3QxGone='])).code).toBe(1);
    await client.close();
  });

  test('`close` closes sockets, and fails for one that is not open', async () => {
    const { client, from } = await open();
    expect(await run(['close', from])).toEqual({ code: 0, output: `closed  ${from}\n`, errors: '' });
    await client.closed;
    expect(await json(['close', from], 1)).toEqual([{ id: from, outcome: 'not open' }]);
  });

  test('`dead-letters` lists, shows, replays and deletes what the app refused', async () => {
    const { client, path } = await open();
    world.app.on(path, ({ fields }) => (fields['event'] === 'message' ? 400 : 204));
    client.send('refused');
    const listed = async () => {
      const { deadLetters } = await json(['dead-letters', 'list']);
      return deadLetters.find((letter: { path: string }) => letter.path === path);
    };
    await expect.poll(listed, { timeout: 15_000 }).toBeDefined();
    const { deadLetter } = await listed();
    expect((await run(['dead-letters', 'list'])).output).toMatch(/^DEAD LETTER +EVENT +PATH/);
    const shown = await run(['dead-letters', 'show', deadLetter]);
    expect(shown.output).toMatch(/^body +refused$/m);
    expect((await run(['dead-letters', 'delete', deadLetter])).code).toBe(0);
    expect((await run(['dead-letters', 'show', deadLetter])).code).toBe(1);
    expect((await run(['dead-letters', 'replay', deadLetter])).code).toBe(1);

    client.send('refused at first');
    await expect.poll(listed, { timeout: 15_000 }).toBeDefined();
    world.app.on(path, () => 204);
    const again = await listed();
    expect(await json(['dead-letters', 'replay', again.deadLetter])).toEqual([
      { id: again.deadLetter, outcome: 'replayed' },
    ]);
    await expect.poll(listed, { timeout: 15_000 }).toBeUndefined();
    expect((await run(['dead-letters', 'replay', '--all'])).code).toBe(0);
    await client.close();
  }, 60_000);

  test.for([
    ['sockets'],
    ['send', 'x', 'Zk3Q='],
    ['broadcast', 'x'],
    ['close', 'Zk3Q='],
    ['groups', 'show', 'a'],
    ['dead-letters', 'list'],
  ])('a wrong key is a sentence and a 1: %s', async (args) => {
    const wrong = { ...variablesOf(world), SOCKETHOOK_API_KEY: 'not-the-key-0123456789' };
    const { code, output, errors } = await line.run(args, wrong);
    expect([code, output]).toEqual([1, '']);
    expect(errors).toMatch(/^The gateway answered .* with 401: .* Is SOCKETHOOK_API_KEY one of .*\?\n$/);
    expect(errors).not.toContain('not-the-key');
  });
});
