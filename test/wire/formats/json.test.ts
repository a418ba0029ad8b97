import fc from 'fast-check';
import { expect, test } from 'vitest';
import { actionsType } from '../../../functions/wire/action-rules.ts';
import { json } from '../../../functions/wire/formats/json.ts';
import { hookFields } from '../../../functions/wire/hook.ts';
import { anyHook } from '../any-hook.ts';
import { hookVectors, vectorBaseUrl } from '../hook-vectors.ts';

test.for(hookVectors)('$name is posted as exactly these JSON bytes', ({ hook, url, json: body }) => {
  expect(json.request(hook, vectorBaseUrl)).toEqual({ url, contentType: 'application/json', body });
});

test('whatever a JSON hook says is read back as it was, all of it text but the groups', () => {
  const same = fc.property(anyHook, (hook) => {
    const read: unknown = JSON.parse(json.request(hook, vectorBaseUrl).body);
    expect(read).toEqual({ ...hookFields(hook), groups: hook.groups });
    const { groups: _, ...texts } = Object(read);
    const count = hook.presence === undefined ? 11 : 13;
    expect(Object.values(texts).map((value) => typeof value)).toEqual(new Array(count).fill('string'));
  });
  fc.assert(same, { numRuns: 500 });
});

test('the answer carries actions by its type, not by its looks', () => {
  const context = { event: 'message', offered: [], messageBytes: 10 } as const;
  const body = '{"reply":"hi"}';
  const marked = json.answer({ contentType: actionsType, body }, context);
  const plain = json.answer({ contentType: 'application/json', body }, context);
  expect(marked).toMatchObject({ ok: true, value: { reply: 'hi' } });
  expect(plain).toEqual({ ok: true, value: { send: [], broadcast: [], close: false, join: [], leave: [] } });
});
