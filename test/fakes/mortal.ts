import type { Gateway } from '../../functions/gateway/gateway.ts';
import { type Pass, passedGateway } from './passed-gateway.ts';

/** The call at which a run dies, counted from 1, and whether that call still has its effect. */
export interface Death {
  readonly at: number;
  readonly when: 'before' | 'after';
}

/** How a run ended: with its result, or at the call where it died. */
export type Fate<Value> =
  | { readonly kind: 'survived'; readonly value: Value }
  | { readonly kind: 'died'; readonly call: string; readonly when: Death['when'] };

/**
 * Runs something on a gateway that dies at one of its calls to the world. From then on no call has an effect or an
 * answer, and nothing waits for the run.
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

/** Runs with every possible death in turn, until a run survives. Returns the deaths, named after their calls. */
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
