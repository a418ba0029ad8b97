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

/** Passes on each request to read the secrets, also one that came before. */
export type SecretRequests = (read: () => void) => void;

/** Takes SIGHUP from now on. One that comes while the gateway starts must not end the process. */
export function secretRequests(): SecretRequests {
  let read: (() => void) | undefined;
  let isAsked = false;
  const ask = (): void => {
    isAsked = true;
    read?.();
  };
  // In a terminal, SIGHUP says that the terminal is gone.
  if (!isatty(0)) process.on('SIGHUP', ask);
  return (then) => {
    read = then;
    if (isAsked) then();
  };
}

/**
 * Reads the secrets again when their file has changed, and when it is asked to. A file that can't be used changes nothing. The
 * log says which lists have changed, and which need a restart, since the environment of a process stays as it is.
 */
export function followSecrets(
  sources: SecretSources,
  started: SecretTexts,
  gateway: Follower,
  log: Pick<Log, 'info' | 'warn' | 'error'>,
  whenAsked: SecretRequests,
): void {
  let current = started;
  const read = (cause: 'asked' | 'changed' | 'started'): void => {
    let changed: readonly string[] = [];
    try {
      const next = secretTextsNow(sources);
      changed = lists.filter((list) => next[list].join() !== current[list].join());
      if (changed.length > 0) gateway.replaceSecrets(next);
      current = next;
      if (cause === 'asked' || changed.length > 0)
        log.info('secrets_read', { changed: changed.join() || 'none' });
    } catch (error) {
      log.error('secrets_unusable', { why: error instanceof Error ? error.message : String(error), advice });
    }
    const fixed = lists.filter((list) => sources[list] !== undefined).map((list) => variables[list]);
    const isReminded = cause !== 'started' || changed.length > 0;
    if (isReminded && fixed.length > 0) log.warn('secrets_need_restart', { lists: fixed.join(), why });
  };
  if (lists.some((list) => sources[list] === undefined)) {
    watchFile(secretsFile(sources.folder), { interval: lookMs, persistent: false }, () => read('changed'));
    // What has changed since the start was read, but before the first look at the file, is no change to the watch.
    setTimeout(() => read('started'), lookMs).unref();
  }
  whenAsked(() => read('asked'));
}

const advice = 'the secrets that were read before still count';
const why = 'the environment sets these lists, so only a restart changes them';
