import fc from 'fast-check';
import { expect, test } from 'vitest';
import { actionsType } from '../../../functions/wire/action-rules.ts';
import { form } from '../../../functions/wire/formats/form.ts';
import { parseGroup } from '../../../functions/wire/group.ts';
import { hookFields } from '../../../functions/wire/hook.ts';
import { aHook } from '../a-hook.ts';
import { anyHook } from '../any-hook.ts';
import { hookVectors, vectorBaseUrl } from '../hook-vectors.ts';
import { must } from '../must.ts';

test.for(hookVectors)('$name is posted as exactly these form bytes', ({ hook, url, form: body }) => {
  const contentType = 'application/x-www-form-urlencoded';
  expect(form.request(hook, vectorBaseUrl)).toEqual({ url, contentType, body });
});

test('whatever a form says is read back as it was, in order', () => {
  const same = fc.property(anyHook, (hook) => {
    const { body } = form.request(hook, vectorBaseUrl);
    expect(body).toMatch(/^[\x21-\x7e]+$/);
    expect([...new URLSearchParams(body)]).toEqual(Object.entries(hookFields(hook)));
  });
  fc.assert(same, { numRuns: 500 });
});

test('a form has the groups of a socket as one JSON list', () => {
  const read = (groups: readonly string[]) => {
    const hook = aHook({ groups: groups.map((name) => must(parseGroup(name))) });
    return new URLSearchParams(form.request(hook, vectorBaseUrl).body).getAll('groups');
  };
  expect(read([])).toEqual(['[]']);
  expect(read(['room:1'])).toEqual(['["room:1"]']);
  expect(read(['b', 'a&groups=x', '["a"]', '日本'])).toEqual([
    JSON.stringify(['b', 'a&groups=x', '["a"]', '日本']),
  ]);
});

test('every text is written as the URL Standard has it', () => {
  const anyText = fc
    .string({ unit: 'binary' })
    .chain((text) => fc.constantFrom(text, `${text}\ud800`, `\udc00${text}`));
  const same = fc.property(anyText, (body) => {
    const hook = { ...hookVectors[0]!.hook, body };
    expect(form.request(hook, vectorBaseUrl).body).toBe(new URLSearchParams(hookFields(hook)).toString());
  });
  fc.assert(same, { numRuns: 1_000 });
  const ascii = String.fromCharCode(...Array.from({ length: 256 }, (_, code) => code));
  const hook = { ...hookVectors[0]!.hook, body: ascii };
  expect(form.request(hook, vectorBaseUrl).body).toBe(new URLSearchParams(hookFields(hook)).toString());
});

test.for([
  { length: 4_095, end: '' },
  { length: 4_096, end: '' },
  { length: 4_097, end: '' },
  { length: 4_095, end: '\u{1f600}' },
  { length: 4_096, end: '\u{1f600}' },
  { length: 9_000, end: '€ ' },
  { length: 131_072, end: '' },
])('a text of $length characters and "$end" is written whole', ({ length, end }) => {
  const body = '" %+'.repeat(length).slice(0, length) + end;
  const hook = { ...hookVectors[0]!.hook, body };
  expect(form.request(hook, vectorBaseUrl).body).toBe(new URLSearchParams(hookFields(hook)).toString());
});

test('the answer carries actions by its type, not by its looks', () => {
  const context = { event: 'message', offered: [], messageBytes: 10 } as const;
  const body = '{"reply":"hi"}';
  const marked = form.answer({ contentType: actionsType, body }, context);
  const plain = form.answer({ contentType: 'application/json', body }, context);
  expect(marked).toMatchObject({ ok: true, value: { reply: 'hi' } });
  expect(plain).toEqual({ ok: true, value: { send: [], broadcast: [], close: false, join: [], leave: [] } });
});
