import type { Command } from 'commander';
import { WrongUse } from '../exit.ts';
import { commandName } from '../installed.ts';
import { serve } from '../serve.ts';
import { addSettingFlags, settingsOf } from '../setting-flags.ts';

interface StartOptions {
  readonly demo?: true;
  readonly json?: true;
}

/** Adds `start`, which runs a gateway on this machine until a signal ends it. It is what runs without a command. */
export function addStart(program: Command): void {
  const command = program
    .command('start', { isDefault: true })
    .summary('run a gateway on this machine for your app')
    .description('Runs a gateway on this machine for your app, until Ctrl+C ends it.')
    .argument(
      '[webhook-base-url]',
      'where webhooks go, such as http://localhost:3000/websocket (WEBHOOK_BASE_URL)',
    )
    .option('--demo', 'run the demo app beside the gateway, on the next port')
    .option('--json', 'write the log in JSON, also in a terminal');
  addSettingFlags(command, 'all');
  command.action(async (url: string | undefined, { demo, json }: StartOptions) => {
    checkUrl(url, demo);
    const before = demo ? { WEBHOOK_BASE_URL: '' } : url === undefined ? {} : { WEBHOOK_BASE_URL: url };
    const settings = settingsOf(command, 'all', before);
    if (settings.webhookBaseUrl === undefined && !demo) throw new WrongUse(whichApp());
    const envCommand = { command: `${commandName} env`, hasFlags: true };
    await serve(settings, { json: json === true, envCommand });
  });
}

function checkUrl(url: string | undefined, demo: true | undefined): void {
  if (url === undefined) return;
  if (demo)
    throw new WrongUse('--demo runs an app of its own: leave it out, or leave out the URL of your app.');
  if (!/^https?:/i.test(url)) {
    const what = `"${url}" is neither a command nor the URL of an app, which begins with http:// or https://.`;
    throw new WrongUse(`${what}\nTo see all commands: ${commandName} --help`);
  }
}

function whichApp(): string {
  const lines = [
    'Say where the webhooks go, or run the demo:',
    `  ${commandName} http://localhost:3000/websocket`,
    `  ${commandName} --demo`,
  ];
  return lines.join('\n');
}
