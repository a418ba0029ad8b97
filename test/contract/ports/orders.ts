/** Something that is done step by step; a step ends at a `yield`. */
export type Flow = AsyncGenerator<void, void>;

/**
 * Runs some flows in every order that their steps can be put in, each time on a scene of its own, which is given
 * when all of them are through.
 */
export async function* orders<Scene>(
  begin: () => Promise<Scene>,
  flows: (scene: Scene) => readonly Flow[],
): AsyncGenerator<Scene> {
  let plan: number[] | undefined = [];
  while (plan !== undefined) {
    const scene = await begin();
    const taken = await runInOrder(flows(scene), plan);
    yield scene;
    plan = nextPlan(taken);
  }
}

/** Which flow went on at a step, and how many could have. */
interface Choice {
  readonly chosen: number;
  readonly of: number;
}

async function runInOrder(flows: readonly Flow[], plan: readonly number[]): Promise<Choice[]> {
  const taken: Choice[] = [];
  let running = [...flows];
  while (running.length > 0) {
    const chosen = plan[taken.length] ?? 0;
    taken.push({ chosen, of: running.length });
    const flow = running[chosen];
    if ((await flow?.next())?.done !== false) running = running.filter((other) => other !== flow);
  }
  return taken;
}

/** The plan that differs in the last choice that has another way to go. */
function nextPlan(taken: readonly Choice[]): number[] | undefined {
  const at = taken.findLastIndex(({ chosen, of }) => chosen + 1 < of);
  if (at < 0) return undefined;
  return taken.slice(0, at + 1).map(({ chosen }, index) => (index === at ? chosen + 1 : chosen));
}
