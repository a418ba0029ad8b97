import { readFileSync } from 'node:fs';
import type { Profiler } from 'node:inspector/promises';

/** Steps, and the modules that belong to each. The first pattern that matches counts. */
export type Steps = readonly (readonly [step: string, module: RegExp])[];

/** The step of everything that no module of the bundle called. */
const outside = 'Node.js: sockets, HTTP, timers';
/** The step of V8's own work. */
const collection = 'garbage collection';

/**
 * The share of a profile that each step took. A sample belongs to the module of the bundle that called the running
 * code. In a bundle that is not minified, esbuild names each module in a comment above it.
 */
export function shares(profile: Profiler.Profile, bundle: string, steps: Steps): Map<string, number> {
  const modules = modulesOf(bundle);
  const stepOf = (line: number): string | undefined => {
    const module = modules[line];
    return module === undefined
      ? undefined
      : (steps.find(([, pattern]) => pattern.test(module))?.[0] ?? module);
  };
  const parents = new Map(
    profile.nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id])),
  );
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const owner = (id: number | undefined): string => {
    for (let at = id; at !== undefined; at = parents.get(at)) {
      const { url = '', lineNumber = 0 } = nodes.get(at)?.callFrame ?? {};
      const step = url.endsWith(bundle) ? stepOf(lineNumber) : undefined;
      if (step !== undefined) return step;
    }
    return outside;
  };
  const taken = new Map<string, number>();
  let total = 0;
  for (const [at, id] of (profile.samples ?? []).entries()) {
    if (nodes.get(id)?.callFrame.functionName === '(idle)') continue;
    const time = profile.timeDeltas?.[at] ?? 0;
    const step = nodes.get(id)?.callFrame.functionName === '(garbage collector)' ? collection : owner(id);
    total += time;
    taken.set(step, (taken.get(step) ?? 0) + time);
  }
  const parts = [...taken].map(([step, time]) => [step, time / total] as const);
  return new Map(parts.sort(([, one], [, other]) => other - one));
}

/** The module that each line of a bundle came from. */
function modulesOf(bundle: string): string[] {
  let module = '';
  return readFileSync(bundle, 'utf8')
    .split('\n')
    .map((line) => {
      module = /^ {0,2}\/\/ ((?:node_modules|functions)\/.*)$/.exec(line)?.[1] ?? module;
      return module;
    });
}
