import { hash } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { limitSets } from '../../functions/local/settings.ts';
import { type LocalWorld, startLocal } from '../support/local.ts';
import { actions } from '../support/recording-app.ts';
import type { Case } from './autobahn/case.ts';
import { closing } from './autobahn/closing.ts';
import {
  fragmentation,
  pingsAndPongs,
  reservedBits,
  sizesOfMessages,
  unknownOpcodes,
} from './autobahn/framing.ts';
import { automatic, limits } from './autobahn/limits.ts';
import { utf8 } from './autobahn/utf8.ts';
import { close } from './client-frames.ts';
import { RawWebSocket } from './raw-web-socket.ts';

const categories: readonly (readonly [category: string, cases: readonly Case[], count: number])[] = [
  ['1', sizesOfMessages, 16],
  ['2', pingsAndPongs, 11],
  ['3', reservedBits, 7],
  ['4', unknownOpcodes, 10],
  ['5', fragmentation, 20],
  ['6', utf8, 145],
  ['7', closing, 37],
  ['9', limits, 54],
  ['10', automatic, 1],
];

let world: LocalWorld;
beforeAll(async () => {
  world = await startLocal({ WEBHOOK_FORMAT: 'json', HOOK_TIMEOUT_MS: '20000' }, limitSets.none);
});
afterAll(() => world.stop());

const longestReply = 1_000_000;

/** Long texts by their length and a digest, so that a difference can be read. */
function short(texts: readonly string[]): string[] {
  return texts.map((text) =>
    text.length <= 200 ? text : `${text.length} characters, ${hash('sha1', text)}`,
  );
}

/** Whether the latest ping is answered, and those before it, if they are, in their order. */
function areAnswered(pings: readonly string[], pongs: readonly string[]): boolean {
  let at = 0;
  const isInOrder = pongs.every((pong) => {
    at = pings.indexOf(pong, at) + 1;
    return at > 0;
  });
  return isInOrder && pongs.at(-1) === pings.at(-1);
}

/** Runs a case against a gateway whose app answers each message with the same. */
async function run({
  id,
  writes,
  texts,
  pings = [],
  close: code,
  told,
  isHasty = false,
}: Case): Promise<void> {
  const path = `/case/${id}`;
  world.app.on(path, async ({ fields: { event, from = '', body = '' } }) => {
    if (event !== 'message') return 204;
    // What is longer than an answer may be goes by a call.
    if (body.length < longestReply) return actions({ reply: body });
    await world.api.send(from, body);
    return 204;
  });
  const client = await RawWebSocket.open(world.gateway.port, path);
  await client.sendAll(writes);
  if (code === undefined) {
    await client.until(() => client.texts.length >= texts.length && areAnswered(pings, client.pongs));
    await client.send(close(1000));
  }
  expect(await client.ended).toBe(true);
  expect(client.close?.code).toBe(code ?? 1000);
  expect(areAnswered(pings, client.pongs)).toBe(true);
  const echo = short(code === undefined ? texts : texts.slice(0, client.texts.length));
  expect(short(client.texts)).toEqual(echo);
  const { fields } = await world.app.hook(path, 'closed');
  expect(fields['code']).toBe(String(told?.code ?? code ?? 1000));
  if (told !== undefined) expect(fields['reason']).toBe(told.reason);
  expect(short(world.app.of(path, 'message').map((hook) => hook.fields['body'] ?? ''))).toEqual(short(texts));
  if (!isHasty && code !== undefined) expect(client.close?.reason).not.toBe('');
  client.destroy();
}

for (const [category, cases, count] of categories) {
  test(`category ${category} has ${count} cases`, () => {
    expect(new Set(cases.map(({ id }) => id)).size).toBe(count);
    expect(cases.every(({ id }) => id.startsWith(`${category}.`))).toBe(true);
  });

  test.for(cases.map((one) => [one.id, one] as const))('case %s', ([, one]) => run(one));
}
