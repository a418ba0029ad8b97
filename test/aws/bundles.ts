import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';

/** The Lambda doors. */
export const doors = [
  'connect',
  'default',
  'disconnect',
  'send',
  'broadcast',
  'urls',
  'sockets',
  'health',
  'deliver',
] as const;

/** The name of a door. */
export type Door = (typeof doors)[number];

/** A Lambda's handler, as its runtime calls it. */
export type Handler = (event: unknown) => Promise<unknown>;

let bundled: Promise<string> | undefined;
let count = 0;

/** Starts the bundled doors as Lambda does, each a module of its own that reads this environment as it loads. */
export async function startDoors(
  environment: Readonly<Record<string, string>>,
): Promise<Record<Door, Handler>> {
  bundled ??= bundle();
  const folder = await bundled;
  count += 1;
  const before = { ...process.env };
  Object.assign(process.env, environment);
  try {
    const started = doors.map(async (door) => {
      const module: { handler: Handler } = await import(
        `${pathToFileURL(join(folder, `${door}.mjs`))}?start=${count}`
      );
      return [door, module.handler] as const;
    });
    return Object.fromEntries(await Promise.all(started)) as Record<Door, Handler>;
  } finally {
    for (const name of Object.keys(environment)) if (!(name in before)) delete process.env[name];
  }
}

async function bundle(): Promise<string> {
  const outdir = await mkdtemp(join(tmpdir(), 'sockethook-doors-'));
  await build({
    entryPoints: doors.map((door) => `functions/${door}.ts`),
    ...{
      outdir,
      bundle: true,
      format: 'esm',
      platform: 'node',
      target: 'node20',
      minify: true,
      logLevel: 'error',
    },
    outExtension: { '.js': '.mjs' },
    mainFields: ['module', 'main'],
    // Some modules of the SDK are CommonJS and ask for Node's own.
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
  });
  return outdir;
}
