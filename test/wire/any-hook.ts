import fc from 'fast-check';
import { parseGroup } from '../../functions/wire/group.ts';
import { type Hook, hookEvents } from '../../functions/wire/hook.ts';
import { aHook } from './a-hook.ts';
import { must } from './must.ts';

const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom('日本', 'a\r\nb', '&=+% ', '"\\', '\u0000'),
);

const groupNames = ['room:1', '日本', 'a b', '"\\', '[],', '&groups=x', '\u{1f600}'];

/** Any hook there can be, its texts well-formed Unicode. */
export const anyHook: fc.Arbitrary<Hook> = fc
  .record({
    event: fc.constantFrom(...hookEvents),
    path: fc.constantFrom('/', '/foo/', '/a%20b%2Fc/%C3%A9', "/!$&'()*+,;=:@"),
    ...{ body: text, query: text, user: text, state: text, origin: text, code: text, reason: text },
    groups: fc.subarray(groupNames).map((names) => names.map((name) => must(parseGroup(name)))),
    time: fc.nat(),
  })
  .map(aHook);
