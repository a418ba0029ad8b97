import { readSettings } from '../../functions/local/settings.ts';
import { exitCodeOf, WrongUse } from './exit.ts';
import { serve } from './serve.ts';

/** `npm start`: a gateway on this machine, with the demo app beside it unless WEBHOOK_BASE_URL names an app. */
async function start(): Promise<void> {
  const settings = readSettings();
  if (!settings.ok) throw new WrongUse(settings.error.join('\n'));
  await serve(settings.value, {
    envCommand: { command: 'npm run --silent env', hasFlags: false },
  });
}

start().catch((error: unknown) => process.exit(exitCodeOf(error)));
