import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** `npm run bees`: a gateway on this machine with presence switched on, and the app on the next port. */
const port = Number(process.env['PORT'] || 8080);
const secret = (): string => randomBytes(32).toString('base64');
const [apiKey, webhookSecret, urlKey] = [secret(), `whsec_${secret()}`, secret()];

const gateway = run('infra/local/start.ts', ['ignore', 'pipe', 'inherit'], {
  PORT: String(port),
  // Its own, so that it takes no hooks that are owed to another app.
  SOCKETHOOK_DIR: join(process.env['SOCKETHOOK_DIR'] || '.sockethook', 'bees'),
  HOOKS: 'handshake,message,joined,left',
  WEBHOOK_BASE_URL: `http://127.0.0.1:${port + 1}/websocket`,
  SOCKETHOOK_API_KEYS: apiKey,
  SOCKETHOOK_WEBHOOK_SECRETS: webhookSecret,
  SOCKETHOOK_URL_KEYS: urlKey,
});
let app: ChildProcess | undefined;
gateway.stdout?.pipe(process.stdout);
// A terminal that has been closed takes nothing more.
process.stdout.on('error', () => {});
// Its first line says that it has started.
gateway.stdout?.once('data', () => {
  // With a channel, whose end tells the app that this process has ended, even if it was killed.
  app = run('examples/bees/app.ts', ['ignore', 'inherit', 'inherit', 'ipc'], {
    PORT: String(port + 1),
    SOCKETHOOK_API_URL: `http://localhost:${port}`,
    SOCKETHOOK_WEBSOCKET_URL: `ws://localhost:${port}`,
    SOCKETHOOK_API_KEY: apiKey,
    SOCKETHOOK_WEBHOOK_SECRET: webhookSecret,
    SOCKETHOOK_URL_KEY: urlKey,
  });
  app.on('exit', () => gateway.kill());
});

// The gateway ends first, since it still posts hooks to the app while it ends.
gateway.on('exit', (code) => {
  process.exitCode = code ?? 1;
  app?.kill();
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => gateway.kill());

/** Runs a program of this repository in its own process group, which Ctrl+C does not reach. */
function run(
  program: string,
  stdio: StdioOptions,
  variables: Readonly<Record<string, string>>,
): ChildProcess {
  const cwd = fileURLToPath(new URL('../../', import.meta.url));
  const env = { ...process.env, ...variables };
  return spawn(process.execPath, ['--import', './infra/local/typescript.js', program], {
    cwd,
    env,
    stdio,
    detached: true,
  });
}
