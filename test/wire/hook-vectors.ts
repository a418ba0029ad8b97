import { parseGroup } from '../../functions/wire/group.ts';
import { type Hook, hookEvents } from '../../functions/wire/hook.ts';
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
  return { ...expected, hook: aHook({ ...hook, event, groups }) };
});
