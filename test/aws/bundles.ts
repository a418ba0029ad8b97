import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { type FunctionName, functionNeeds } from '../../infra/aws/function-needs.ts';
import { esbuildOptions, thisNode } from './esbuild-options.ts';

/** The name of a handler. */
export type HandlerName = FunctionName;

/** The Lambda functions. */
export const functionNames = Object.keys(functionNeeds) as HandlerName[];

/** A Lambda's handler, as its runtime calls it. */
export type Handler = (event: unknown) => Promise<unknown>;

/** How long each handler may run, in milliseconds, as the stack has it. */
export const timeoutMs = (name: HandlerName): number => functionNeeds[name].timeout * 1_000;

let bundled: Promise<string> | undefined;
let count = 0;

/** Starts the bundled handlers as Lambda does, each a module of its own that reads this environment as it loads. */
export async function startHandlers(
  environment: Readonly<Record<string, string>>,
): Promise<Record<HandlerName, Handler>> {
  count += 1;
  const urls = await Promise.all(functionNames.map(async (name) => [name, await bundleOf(name)] as const));
  const before = { ...process.env };
  Object.assign(process.env, environment);
  try {
    const started = urls.map(async ([name, url]) => {
      const module: { handler: (event: unknown, context: object) => Promise<unknown> } = await import(
        `${url}?start=${count}`
      );
      return [name, (event: unknown) => module.handler(event, contextOf(name))] as const;
    });
    return Object.fromEntries(await Promise.all(started)) as Record<HandlerName, Handler>;
  } finally {
    for (const name of Object.keys(environment)) if (!(name in before)) delete process.env[name];
  }
}

/** The URL of a bundle: of a handler, or of the runtime that runs one in a thread. */
export async function bundleOf(name: HandlerName | 'runtime'): Promise<string> {
  bundled ??= bundle();
  return pathToFileURL(join(await bundled, `${name}.mjs`)).href;
}

/** What Lambda tells a function of its run, which begins now. */
function contextOf(name: HandlerName) {
  const end = Date.now() + timeoutMs(name);
  return { getRemainingTimeInMillis: () => end - Date.now() };
}

/** As the stack does it, but for the Node that these tests run on, which may be older than Lambda's. */
async function bundle(): Promise<string> {
  const outdir = await mkdtemp(join(tmpdir(), 'sockethook-functions-'));
  const entryPoints = functionNames.map((name) => [name, `functions/${name}.ts`]);
  await build({
    entryPoints: { ...Object.fromEntries(entryPoints), runtime: 'test/aws/lambda-runtime.ts' },
    ...esbuildOptions(thisNode),
    ...{ outdir, outExtension: { '.js': '.mjs' } },
  });
  return outdir;
}
