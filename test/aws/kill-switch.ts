import type { Handler, HandlerName } from './bundles.ts';
import type { Cloud } from './cloud.ts';
import { Lambda } from './lambda.ts';
import type { Interference, Passage } from './wires.ts';

/** A function that was to be killed at one moment of one run. */
export interface Victim {
  /** When: `before request 3`. */
  readonly moment: string;
  /** Whether it was killed; else it had ended before. */
  readonly hasDied: boolean;
  /** Resolves when its run has ended in one way or the other. */
  readonly ran: Promise<void>;
  /** What it asked for and got done: `dynamodb PutItem`. */
  readonly done: readonly string[];
}

/** What is done to each victim: its handler is to be run once; it does so in place of the function that stands there. */
export type Deed<Case> = (victim: Victim) => Promise<Case>;

/**
 * Kills a handler at every moment of a run: at its first request to the world before that takes effect, then after it
 * has but before its answer is back, then at its second, until a run survives. The cases, the survivor's at last.
 */
export async function killedAtEveryMoment<Case>(
  cloud: Cloud,
  name: HandlerName,
  deed: Deed<Case>,
  settings: Readonly<Record<string, string>> = {},
): Promise<{ readonly victim: Victim; readonly result: Case }[]> {
  const cases: { victim: Victim; result: Case }[] = [];
  for (let request = 1; ; request++) {
    for (const when of ['before', 'after'] as const) {
      const { victim, stop } = await place(cloud, name, request, when, settings);
      cases.push({ victim, result: await deed(victim) });
      await victim.ran;
      await stop();
      // An answer that never comes can't be waited for; a request that was never made ends it.
      if (when === 'before' && !victim.hasDied) return cases;
    }
  }
}

async function place(
  cloud: Cloud,
  name: HandlerName,
  request: number,
  when: 'before' | 'after',
  settings: Readonly<Record<string, string>>,
) {
  const wires = await cloud.layWires();
  const lambda = new Lambda(name, { ...cloud.environment(wires), ...settings });
  let seen = 0;
  let hasDied = false;
  const last = new Set<Passage>();
  const kill = async (): Promise<Interference> => {
    hasDied = true;
    await lambda.kill();
    return 'cut';
  };
  wires.meddler = {
    before: (passage) => {
      seen += 1;
      if (hasDied) return 'cut';
      if (seen === request) last.add(passage);
      return when === 'before' && last.has(passage) ? kill() : undefined;
    },
    after: (passage) => (last.has(passage) ? kill() : undefined),
  };
  const usual: Handler = cloud.handlers[name];
  let end: (ended: Promise<void>) => void = () => {};
  const ran = new Promise<void>((resolve) => {
    end = resolve;
  });
  cloud.handlers[name] = (event) => {
    cloud.handlers[name] = usual;
    const running = lambda.invoke(event);
    end(
      running.then(
        () => {},
        () => {},
      ),
    );
    return running;
  };
  const victim: Victim = {
    moment: `${when} request ${request}`,
    ran,
    get hasDied() {
      return hasDied;
    },
    get done() {
      return wires.passed.map(({ service, operation }) => `${service} ${operation}`);
    },
  };
  const stop = async (): Promise<void> => {
    await lambda.kill();
    await wires.close();
  };
  return { victim, stop };
}
