import { localUrls } from '../../functions/local/local-urls.ts';
import { secretTexts } from '../../functions/local/secrets-file.ts';
import type { LocalSettings } from '../../functions/local/settings.ts';
import { appEnvironment } from './app-environment.ts';

/** The app's five variables for a gateway with these settings. Makes secrets if there are none yet. */
export function appVariables(settings: LocalSettings): Record<string, string> {
  return appEnvironment(localUrls(settings, settings.port), secretTexts(settings));
}

/** Variables for a POSIX shell to evaluate. */
export function shellLines(variables: Readonly<Record<string, string>>): string {
  return Object.entries(variables)
    .map(([name, value]) => `export ${name}=${quote(value)}\n`)
    .join('');
}

/** Quotes a value for a POSIX shell, where only a single quote ends single quotes. */
export function quote(value: string): string {
  return `'${value.replaceAll("'", "'\\''")}'`;
}
