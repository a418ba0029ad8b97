import { readSettings } from '../../functions/local/settings.ts';
import { appVariables, shellLines } from './app-variables.ts';
import { exitCodeOf, WrongUse } from './exit.ts';

/** `npm run --silent env`: prints the app's five variables for a shell to evaluate. */
function printEnvironment(): void {
  const settings = readSettings();
  if (!settings.ok) throw new WrongUse(settings.error.join('\n'));
  process.stdout.write(shellLines(appVariables(settings.value)));
}

try {
  printEnvironment();
} catch (error) {
  process.exitCode = exitCodeOf(error);
}
