import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect } from '../support/client.ts';
import { type LocalWorld, startLocal } from '../support/local.ts';
import { doc } from './page.ts';

let world: LocalWorld;
beforeAll(async () => {
  world = await startLocal();
  await Promise.all(Array.from({ length: 501 }, () => connect(world.url)));
});
afterAll(() => world.stop());

const page = doc('http-api');

test('a large broadcast is answered and tells its progress as the page says', async () => {
  const answer = await world.api.broadcast({ body: 'hello' });
  const id = String(answer.json['broadcast']);
  const [shown = ''] = page.code('Broadcasts', 'http');
  const [, shownId = ''] = /"broadcast":"([^"]+)"/.exec(shown) ?? [];
  const [status, ...rest] = shown.replaceAll(shownId, id).trimEnd().split('\n');
  const headers = ['location', 'content-type'].map((name) => answer.headers.get(name));
  expect(status).toBe(`HTTP/1.1 ${answer.status} Accepted`);
  expect(rest).toEqual([`Location: ${headers[0]}`, `Content-Type: ${headers[1]}`, '', answer.text]);

  const [progress = ''] = page.code('Broadcasts', 'json');
  const { json } = await world.api.call('GET', `/broadcasts/${id}`);
  expect(Object.keys(json)).toEqual(Object.keys(JSON.parse(progress)));
  expect(['running', 'done']).toContain(json['status']);
});
