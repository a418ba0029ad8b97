import { appEnvironment } from './app-environment.ts';
import { localUrls } from './gateway.ts';
import { secretTexts } from './secrets-file.ts';
import { readSettings } from './settings.ts';

/** What `npm run --silent env` runs: prints the app's five variables for a shell to read. */
const settings = readSettings();
if (settings.ok) {
  const variables = appEnvironment(
    localUrls(settings.value, settings.value.port),
    secretTexts(settings.value),
  );
  for (const [name, value] of Object.entries(variables))
    process.stdout.write(`export ${name}=${quote(value)}\n`);
} else {
  process.stderr.write(`${settings.fault.join('\n')}\n`);
  process.exitCode = 1;
}

/** Quotes a value for a POSIX shell, in which nothing but a single quote ends single quotes. */
function quote(value: string): string {
  return `'${value.replaceAll("'", "'\\''")}'`;
}
