import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { type DoorName, doorNeeds } from '../../infra/aws/door-needs.ts';
import { esbuildOptions, thisNode } from './esbuild-options.ts';

/** The name of a door. */
export type Door = DoorName;

/** The Lambda doors. */
export const doors = Object.keys(doorNeeds) as Door[];

/** A Lambda's handler, as its runtime calls it. */
export type Handler = (event: unknown) => Promise<unknown>;

/** How long each door may run, in milliseconds, as the stack has it. */
export const timeoutMs = (door: Door): number => doorNeeds[door].timeout * 1_000;

let bundled: Promise<string> | undefined;
let count = 0;

/** Starts the bundled doors as Lambda does, each a module of its own that reads this environment as it loads. */
export async function startDoors(
  environment: Readonly<Record<string, string>>,
): Promise<Record<Door, Handler>> {
  count += 1;
  const urls = await Promise.all(doors.map(async (door) => [door, await bundleOf(door)] as const));
  const before = { ...process.env };
  Object.assign(process.env, environment);
  try {
    const started = urls.map(async ([door, url]) => {
      const module: { handler: (event: unknown, context: object) => Promise<unknown> } = await import(
        `${url}?start=${count}`
      );
      return [door, (event: unknown) => module.handler(event, contextOf(door))] as const;
    });
    return Object.fromEntries(await Promise.all(started)) as Record<Door, Handler>;
  } finally {
    for (const name of Object.keys(environment)) if (!(name in before)) delete process.env[name];
  }
}

/** The URL of a bundle: of a door, or of the runtime that runs one in a thread. */
export async function bundleOf(name: Door | 'runtime'): Promise<string> {
  bundled ??= bundle();
  return pathToFileURL(join(await bundled, `${name}.mjs`)).href;
}

/** What Lambda tells a function of its run, which begins now. */
function contextOf(door: Door) {
  const end = Date.now() + timeoutMs(door);
  return { getRemainingTimeInMillis: () => end - Date.now() };
}

/** As the stack does it, but for the Node that these tests run on, which may be older than Lambda's. */
async function bundle(): Promise<string> {
  const outdir = await mkdtemp(join(tmpdir(), 'sockethook-doors-'));
  const entryPoints = doors.map((door) => [door, `functions/${door}.ts`]);
  await build({
    entryPoints: { ...Object.fromEntries(entryPoints), runtime: 'test/aws/lambda-runtime.ts' },
    ...esbuildOptions(thisNode),
    ...{ outdir, outExtension: { '.js': '.mjs' } },
  });
  return outdir;
}
