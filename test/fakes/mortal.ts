import type { Gateway } from '../../functions/gateway/gateway.ts';
import { type Pass, passedGateway } from './passed-gateway.ts';

/** Which call a run dies at, counted from 1, and whether that call still has its effect. */
export interface Death {
  readonly at: number;
  readonly when: 'before' | 'after';
}

/** What became of a run: what it returned, or the call it died at. */
export type Fate<Value> =
  | { readonly kind: 'survived'; readonly value: Value }
  | { readonly kind: 'died'; readonly call: string; readonly when: Death['when'] };

/**
 * Runs something on a gateway that dies at one of its calls to the world: from then on no call has an effect or an
 * answer, and nobody waits for the run any more.
 */
export async function mortally<Value>(
  gateway: Gateway,
  death: Death,
  run: (mortal: Gateway) => Promise<Value>,
): Promise<Fate<Value>> {
  let calls = 0;
  let die: (fate: Fate<Value>) => void = () => {};
  const died = new Promise<Fate<Value>>((resolve) => {
    die = resolve;
  });
  const never = new Promise<never>(() => {});
  const pass: Pass = async (call, effect) => {
    calls += 1;
    if (calls > death.at) return never;
    if (calls < death.at) {
      const answer = await effect();
      return calls >= death.at ? never : answer;
    }
    if (death.when === 'after') await effect();
    die({ kind: 'died', call, when: death.when });
    return never;
  };
  const survived = run(passedGateway(gateway, pass)).then((value) => ({ kind: 'survived' as const, value }));
  return Promise.race([survived, died]);
}

/** Every death in turn, until one comes too late; the deaths that were died, named by their calls. */
export async function everyDeath(live: (death: Death) => Promise<Fate<unknown>>): Promise<readonly string[]> {
  const deaths: string[] = [];
  for (let at = 1; ; at++) {
    for (const when of ['before', 'after'] as const) {
      const fate = await live({ at, when });
      if (fate.kind === 'survived') return deaths;
      deaths.push(`${when} ${fate.call}`);
    }
  }
}
