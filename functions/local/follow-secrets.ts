import { watchFile } from 'node:fs';
import { isatty } from 'node:tty';
import type { Log } from '../gateway/ports.ts';
import type { SecretTexts } from './local-secrets.ts';
import { type SecretSources, secretsFile, secretTextsNow } from './secrets-file.ts';

/** How often the file is looked at, in milliseconds. A look works on any file system, and costs a `stat`. */
const lookMs = 1_000;

/** The lists, each with the variable that sets it. */
const variables = {
  apiKeys: 'SOCKETHOOK_API_KEYS',
  webhookSecrets: 'SOCKETHOOK_WEBHOOK_SECRETS',
  urlKeys: 'SOCKETHOOK_URL_KEYS',
} as const satisfies Record<keyof SecretTexts, string>;

const lists = ['apiKeys', 'webhookSecrets', 'urlKeys'] as const satisfies readonly (keyof SecretTexts)[];

/** What follows the secrets. */
interface Follower {
  replaceSecrets(secrets: SecretTexts): void;
}

/**
 * Reads the secrets again when their file has changed, and on SIGHUP. A file that can't be used changes nothing. The
 * log says which lists have changed, and which need a restart, since the environment of a process stays as it is.
 */
export function followSecrets(
  sources: SecretSources,
  started: SecretTexts,
  gateway: Follower,
  log: Pick<Log, 'info' | 'warn' | 'error'>,
): void {
  let current = started;
  const read = (isAsked: boolean): void => {
    try {
      const next = secretTextsNow(sources);
      const changed = lists.filter((list) => next[list].join() !== current[list].join());
      if (changed.length > 0) gateway.replaceSecrets(next);
      current = next;
      if (isAsked || changed.length > 0) log.info('secrets_read', { changed: changed.join() || 'none' });
    } catch (error) {
      log.error('secrets_unusable', { why: error instanceof Error ? error.message : String(error), advice });
    }
    const fixed = lists.filter((list) => sources[list] !== undefined).map((list) => variables[list]);
    if (fixed.length > 0) log.warn('secrets_need_restart', { lists: fixed.join(), why });
  };
  const isFileUsed = lists.some((list) => sources[list] === undefined);
  if (isFileUsed)
    watchFile(secretsFile(sources.folder), { interval: lookMs, persistent: false }, () => read(false));
  // In a terminal, SIGHUP says that the terminal is gone.
  if (!isatty(0)) process.on('SIGHUP', () => read(true));
}

const advice = 'the secrets that were read before still count';
const why = 'the environment sets these lists, so only a restart changes them';
