import { localUrls } from '../../functions/local/local-urls.ts';
import { secretTexts } from '../../functions/local/secrets-file.ts';
import { readSettings } from '../../functions/local/settings.ts';
import { appEnvironment } from './app-environment.ts';

/** `npm run --silent env`: prints the app's five variables for a shell to evaluate. */
function printEnvironment(): void {
  const settings = readSettings();
  if (!settings.ok) throw new Error(settings.error.join('\n'));
  const urls = localUrls(settings.value, settings.value.port);
  const variables = appEnvironment(urls, secretTexts(settings.value));
  for (const [name, value] of Object.entries(variables))
    process.stdout.write(`export ${name}=${quote(value)}\n`);
}

try {
  printEnvironment();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}

/** Quotes a value for a POSIX shell, where only a single quote ends single quotes. */
function quote(value: string): string {
  return `'${value.replaceAll("'", "'\\''")}'`;
}
