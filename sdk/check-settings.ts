import { SettingError } from './errors.ts';
import { apiKey, apiUrl, signingKeys, urlKey, webSocketUrl } from './settings.ts';

/** A part of this package that an app may use. */
export type SettingsPart = 'hooks' | 'calls' | 'urls';

const readers: Readonly<Record<SettingsPart, readonly (() => unknown)[]>> = {
  hooks: [signingKeys],
  calls: [apiUrl, apiKey],
  urls: [webSocketUrl, urlKey],
};

/**
 * Checks the environment at startup, for the named parts, or else for all of them: `hooks` verifies hooks, `calls` are
 * `sendMessage` and the like, `urls` is `createWebSocketUrl`. Throws one `SettingError` that lists everything that is
 * missing or malformed.
 */
export function checkSettings(...parts: readonly SettingsPart[]): void {
  const wanted: readonly SettingsPart[] = parts.length > 0 ? parts : ['hooks', 'calls', 'urls'];
  const errors = wanted.flatMap((part) => readers[part]).flatMap(errorOf);
  const [first] = errors;
  if (first === undefined) return;
  if (errors.length === 1) throw first;
  throw new SettingError(
    first.variable,
    errors
      .map(({ message }) => message)
      .join(' ')
      .slice(first.variable.length + 1, -1),
  );
}

function errorOf(read: () => unknown): SettingError[] {
  try {
    read();
    return [];
  } catch (error) {
    if (error instanceof SettingError) return [error];
    throw error;
  }
}
