import { parseGroup } from '../../functions/wire/group.ts';
import { type Hook, hookEvents, type Presence } from '../../functions/wire/hook.ts';
import vectors from '../vectors/hooks.json' with { type: 'json' };
import { aHook } from './a-hook.ts';
import { must } from './must.ts';

/** A hook, and the bytes that every gateway must make of it. */
interface HookVector {
  readonly name: string;
  readonly hook: Hook;
  readonly url: string;
  readonly form: string;
  readonly json: string;
}

/** The base URL of the app in the vectors. */
export const vectorBaseUrl = 'https://app.example/websocket';

/** The vectors of `test/vectors/hooks.json`. */
export const hookVectors: readonly HookVector[] = vectors.map(({ hook, ...expected }) => {
  const event = hookEvents.find((name) => name === hook.event);
  if (event === undefined) throw new Error(`${hook.event} is no event`);
  const groups = (hook.groups ?? []).map((name) => must(parseGroup(name)));
  const { presence: named, ...told } = hook;
  const presence = named && aPresence(named);
  return { ...expected, hook: aHook({ ...told, event, groups, ...(presence && { presence }) }) };
});

function aPresence({ group, sequence }: { readonly group: string; readonly sequence: number }): Presence {
  return { group: must(parseGroup(group)), sequence };
}
