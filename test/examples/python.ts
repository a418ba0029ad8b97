import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleClient } from '../../infra/build/bundle-client.ts';
import { ChildApp, type Environment } from '../support/child-app.ts';

const python = process.env['PYTHON'] ?? 'python3';
const cwd = fileURLToPath(new URL('../../examples/python/', import.meta.url));
const quiet = { PYTHONDONTWRITEBYTECODE: '1' };

/** Runs Python in the example's folder, and waits for nothing. */
export function runPython(args: readonly string[], environment: Environment, input = ''): ChildApp {
  return new ChildApp(python, args, { ...quiet, ...environment }, { cwd, input });
}

let built: Promise<string> | undefined;

/** The client for pages, built once, since a test may not depend on what is in `dist`. */
function clientFile(): Promise<string> {
  built ??= mkdtemp(join(tmpdir(), 'sockethook-client-')).then(async (folder) => {
    await bundleClient(folder);
    return join(folder, 'client.js');
  });
  return built;
}

/** Starts the app of the example; resolves once it says that it listens at this port, and nothing else. */
export async function startPythonApp(port: number, environment: Environment): Promise<ChildApp> {
  const listening = new RegExp(`^listening on http://127\\.0\\.0\\.1:${port}/\n$`);
  return ChildApp.start(
    python,
    ['app.py'],
    { ...quiet, CLIENT_JS: await clientFile(), ...environment, PORT: String(port) },
    { cwd, listening },
  );
}

/** Runs lines of Python that read `given` and set `result`; an app would have more around them. */
export async function evaluatePython(
  lines: string,
  given: unknown,
  environment: Environment,
): Promise<unknown> {
  const code = `
import json, sys, websocket
def attempt(call):
    try:
        return call()
    except (websocket.Error, TypeError, KeyError, AttributeError) as error:
        return '%s: %s' % (type(error).__name__, error)
given = json.load(sys.stdin.buffer)
${lines}
json.dump(result, sys.stdout)`;
  const child = runPython(['-c', code], environment, JSON.stringify(given));
  await child.ended;
  if (child.errors) throw new Error(child.errors);
  return JSON.parse(child.output);
}
