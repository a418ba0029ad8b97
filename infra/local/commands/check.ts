import { randomBytes } from 'node:crypto';
import type { Command } from 'commander';
import { secretTexts } from '../../../functions/local/secrets-file.ts';
import type { LocalSettings } from '../../../functions/local/settings.ts';
import { parsePathAndQuery } from '../../../functions/wire/path.ts';
import type { Result } from '../../../functions/wire/result.ts';
import { parseSigningKey, type SigningKey } from '../../../functions/wire/signature.ts';
import { parseUser } from '../../../functions/wire/user.ts';
import { signingKeysIfSet } from '../../../sdk/settings.ts';
import { CheckedApp } from '../check/checked-app.ts';
import { isLoopback } from '../check/is-loopback.ts';
import { judge } from '../check/judge.ts';
import { linesOf, type Report } from '../check/report.ts';
import { type Run, runCheck } from '../check/run-check.ts';
import type { Arrival } from '../check/visitor.ts';
import { exitCodes, markFailed, WrongUse } from '../exit.ts';
import { print } from '../print.ts';
import { addSettingFlags, settingsOf } from '../setting-flags.ts';

interface CheckOptions {
  readonly path: string;
  readonly user: string;
  readonly yes?: true;
  readonly json?: true;
}

/** Adds `check`, which posts good and bad hooks to an app, and says which of them it wrongly accepts or refuses. */
export function addCheck(program: Command): void {
  const command = program
    .command('check')
    .summary('check that your app takes good hooks and refuses bad ones')
    .description(
      'Posts hooks of a client that does not exist to your app: good ones, unsigned, forged, stale, repeated and ' +
        'garbled ones, and a message of 131,072 bytes. Says which your app wrongly accepts or refuses, and how to ' +
        'mend it. Your app does what it does for any client: it may send these messages on to others. The last hook ' +
        'is a closed, also after Ctrl+C. Ends with 1 if there is a fault, or your app is away.',
    )
    .argument('<webhook-base-url>', 'where webhooks go, such as http://localhost:3000/websocket')
    .option(
      '--path <path>',
      'where the client connects, if your app lets nobody in there',
      '/sockethook-check',
    )
    .option('--user <user>', 'who connects', '')
    .option('--yes', 'also check an app that is not on this machine')
    .option('--json', 'print a JSON object');
  addSettingFlags(command, 'hooks');
  command.action(async (url: string, { path, user, yes, json }: CheckOptions) => {
    const settings = settingsOf(command, 'hooks', { WEBHOOK_BASE_URL: url });
    const { webhookBaseUrl: baseUrl } = settings;
    if (baseUrl === undefined) throw new WrongUse('Name the URL of your app.');
    if (!isLoopback(baseUrl) && !yes) throw new WrongUse(farAway(baseUrl));
    const run = await checkApp(baseUrl, settings, arrivalOf(path, user));
    const findings = judge(run.tried);
    const faults = findings.filter(({ verdict }) => verdict === 'fault').length;
    const report: Report = { app: baseUrl, faults, complete: run.cut === undefined, findings };
    print(json, report, linesOf(report, run.cut));
    if (faults > 0 || !report.complete) markFailed();
  });
}

function farAway(baseUrl: string): string {
  const what = 'Your app would get about 25 hooks of a client that does not exist, and handle the good ones.';
  return `${baseUrl} is not on this machine. ${what}\nIf you want that, write --yes.`;
}

function arrivalOf(path: string, user: string): Arrival {
  const where = valid('--path', parsePathAndQuery(path));
  return { ...where, user: valid('--user', parseUser(user)) };
}

function valid<Value>(flag: string, result: Result<Value, string>): Value {
  if (!result.ok) throw new WrongUse(`${flag} cannot be used: ${result.error}.`);
  return result.value;
}

async function checkApp(baseUrl: string, settings: LocalSettings, arrival: Arrival): Promise<Run> {
  const { format, hooks, hookTimeoutMs } = settings;
  const keys = signingKeysIfSet() ?? secretTexts(settings).webhookSecrets.map(keyOf);
  const strangeKey = keyOf(randomBytes(32).toString('base64'));
  const app = new CheckedApp(baseUrl, format, hookTimeoutMs);
  const interrupted = interruption();
  try {
    const subject = { app, baseUrl, format, hooks, keys, strangeKey, arrival, random: randomBytes };
    return await runCheck(subject, interrupted.signal);
  } finally {
    interrupted.forget();
    await app.stop();
  }
}

function keyOf(secret: string): SigningKey {
  const key = parseSigningKey(secret);
  if (!key.ok) throw new WrongUse(`The webhook secret cannot be used: ${key.error}.`);
  return key.value;
}

/** Tells of Ctrl+C, so that the app still gets its closed hook. A second one ends the process at once. */
function interruption() {
  const controller = new AbortController();
  const stop = (): void => {
    if (controller.signal.aborted) process.exit(exitCodes.failed);
    process.stderr.write('Your app gets its closed hook first. To end at once, press Ctrl+C again.\n');
    controller.abort();
  };
  const signals = ['SIGINT', 'SIGTERM'] as const;
  for (const signal of signals) process.on(signal, stop);
  return {
    signal: controller.signal,
    forget: () => {
      for (const signal of signals) process.off(signal, stop);
    },
  };
}
