import fc from 'fast-check';
import { parseGroup } from '../../functions/wire/group.ts';
import { type Hook, hookEvents, presenceEvents } from '../../functions/wire/hook.ts';
import { aHook } from './a-hook.ts';
import { must } from './must.ts';

const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom('日本', 'a\r\nb', '&=+% ', '"\\', '\u0000'),
);

const groupNames = ['room:1', '日本', 'a b', '"\\', '[],', '&groups=x', '\u{1f600}'];

const groupName = fc.constantFrom(...groupNames).map((name) => must(parseGroup(name)));

/** Any hook there can be, its texts well-formed Unicode. */
export const anyHook: fc.Arbitrary<Hook> = fc
  .record({
    event: fc.constantFrom(...hookEvents),
    socket: fc.constantFrom('L0SM9cOFvHcCIhw=', 'a+b/c=', '-_'),
    path: fc.constantFrom('/', '/foo/', '/a%20b%2Fc/%C3%A9', "/!$&'()*+,;=:@"),
    ...{ body: text, query: text, user: text, state: text, origin: text, code: text, reason: text },
    groups: fc.subarray(groupNames).map((names) => names.map((name) => must(parseGroup(name)))),
    time: fc.maxSafeNat(),
    presence: fc.record({ group: groupName, sequence: fc.maxSafeNat() }),
  })
  .map(({ presence, ...told }) => aHook({ ...told, ...(isOfGroup(told) && { presence }) }));

function isOfGroup({ event }: Pick<Hook, 'event'>): boolean {
  return presenceEvents.some((known) => known === event);
}
