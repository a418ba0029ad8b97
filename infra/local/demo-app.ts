import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { isExecutable, isInstalled, isOnBun } from './installed.ts';

/** The demo app in its own process. It talks to the gateway only over HTTP. */
export interface DemoApp {
  stop(): Promise<void>;
}

/** Starts the demo app. Resolves when it listens on its port, and rejects if it ends before that. */
export function startDemoApp(port: number, environment: Readonly<Record<string, string>>): Promise<DemoApp> {
  // In its own process group, so that Ctrl+C does not end it before it has received its closed hooks.
  const child = spawn(process.execPath, program(), {
    env: { ...environment, DEMO_PORT: String(port) },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    detached: true,
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`The demo app ended with ${code}.`)));
    child.once('message', () => resolve({ stop: () => stop(child) }));
  });
}

/** What Node.js or Bun runs. The executable has the demo app in it. */
function program(): readonly string[] {
  if (isExecutable) return ['demo-app'];
  if (isInstalled) return [fileURLToPath(new URL('demo/app.js', import.meta.url))];
  const app = fileURLToPath(new URL('../../examples/original-demo/app.ts', import.meta.url));
  return isOnBun ? [app] : ['--import', 'tsx', app];
}

function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.kill();
  });
}
