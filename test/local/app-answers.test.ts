import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect } from '../support/client.ts';
import { eventually } from '../support/eventually.ts';
import { type LocalWorld, startLocal } from '../support/local.ts';

let world: LocalWorld;
beforeAll(async () => {
  world = await startLocal();
});
afterAll(() => world.stop());

const actionsType = 'application/vnd.sockethook+json';

/** A client whose messages the app answers with these bytes, all of them. */
async function answering(path: string, bytes: string | Buffer) {
  world.app.on(path, ({ fields }, response) => {
    if (fields['event'] !== 'message') return 204;
    response.socket?.end(bytes);
    return 'hang';
  });
  return connect(`${world.url}${path}`);
}

const reply = '{"reply":"heard"}';

test.for([
  ['/folded', `HTTP/1.1 200 OK\r\nContent-Type:\r\n ${actionsType}\r\nContent-Length: 17\r\n\r\n${reply}`],
  [
    '/long-sizes',
    `HTTP/1.1 200 OK\r\nContent-Type: ${actionsType}\r\nTransfer-Encoding: chunked\r\n\r\n00000000011\r\n${reply}\r\n0000000000\r\n\r\n`,
  ],
  [
    '/identity',
    `HTTP/1.1 200 OK\r\nContent-Type: ${actionsType}\r\nTransfer-Encoding: identity\r\n\r\n${reply}`,
  ],
  ['/bom', `HTTP/1.1 200 OK\r\nContent-Type: ${actionsType}\r\nContent-Length: 20\r\n\r\n\ufeff${reply}`],
] as const)('an app that answers as few do is understood (%s)', async ([path, bytes]) => {
  const client = await answering(path, bytes);
  client.send('hello');
  expect(await client.next()).toBe('heard');
  expect(world.log.of('hook_retried')).toEqual([]);
  await client.close();
});

test.for([
  ['/gzip', 'Content-Encoding: gzip\r\n', reply, 'The answer has Content-Encoding gzip.'],
  ['/latin1', '', '{"reply":"\xe9"}', 'The answer is not UTF-8.'],
] as const)(
  'actions that can’t be read are logged with the reason, and not tried again (%s)',
  async ([path, headers, body, why]) => {
    const head = `HTTP/1.1 200 OK\r\nContent-Type: ${actionsType}\r\n${headers}Content-Length: ${body.length}`;
    const client = await answering(path, Buffer.from(`${head}\r\n\r\n${body}`, 'latin1'));
    client.send('hello');
    const logged = () => world.log.of('answer_invalid').map(({ fields }) => fields['why']);
    await eventually('it is logged', () => logged().includes(why));
    await client.close();
    await world.app.hook(path, 'closed');
    expect(world.app.of(path, 'message')).toHaveLength(1);
  },
);
