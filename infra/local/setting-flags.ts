import type { Command } from 'commander';
import { type LocalSettings, readSettings } from '../../functions/local/settings.ts';
import { WrongUse } from './exit.ts';

/** A flag that means the same as a variable of the environment, and goes before it. */
interface SettingFlag {
  readonly flag: string;
  /** What its value is called; undefined if it has none. */
  readonly value?: string;
  readonly variable: string;
  readonly meaning: string;
}

/** The flags that say where a gateway is. */
const placeFlags: readonly SettingFlag[] = [
  { flag: 'port', value: 'number', variable: 'PORT', meaning: 'where it listens; 8080 by default' },
  {
    flag: 'host',
    value: 'address',
    variable: 'HOST',
    meaning: 'the address it listens on; 127.0.0.1 by default',
  },
  {
    flag: 'websocket-url',
    value: 'url',
    variable: 'SOCKETHOOK_WEBSOCKET_URL',
    meaning: 'where clients connect, if not to this host and port',
  },
  {
    flag: 'dir',
    value: 'folder',
    variable: 'SOCKETHOOK_DIR',
    meaning: 'for generated secrets and hooks that wait; .sockethook by default',
  },
];

/** The flags that say what a gateway does. Secrets are never flags: other users see the arguments of a process. */
const gatewayFlags: readonly SettingFlag[] = [
  {
    flag: 'webhook-format',
    value: 'format',
    variable: 'WEBHOOK_FORMAT',
    meaning: 'form (the default) or json',
  },
  {
    flag: 'hooks',
    value: 'list',
    variable: 'HOOKS',
    meaning: 'the hooks that your app wants; handshake,message,closed by default',
  },
  {
    flag: 'hook-timeout-ms',
    value: 'ms',
    variable: 'HOOK_TIMEOUT_MS',
    meaning: 'how long a hook may take; 10000 by default',
  },
  {
    flag: 'message-failure',
    value: 'what',
    variable: 'MESSAGE_FAILURE',
    meaning: 'retry (the default), close or drop',
  },
  {
    flag: 'message-retry-minutes',
    value: 'minutes',
    variable: 'MESSAGE_RETRY_MINUTES',
    meaning: 'how long a message is tried again; 360 by default',
  },
  {
    flag: 'presence-grace-ms',
    value: 'ms',
    variable: 'PRESENCE_GRACE_MS',
    meaning: 'how long a user may be gone from a group before your app is told; 5000 by default',
  },
  {
    flag: 'forward-headers',
    value: 'list',
    variable: 'FORWARD_HEADERS',
    meaning: 'more client headers for the handshake',
  },
  { flag: 'require-ticket', variable: 'REQUIRE_TICKET', meaning: 'refuse clients without a ticket' },
  {
    flag: 'allowed-origins',
    value: 'list',
    variable: 'ALLOWED_ORIGINS',
    meaning: 'origins whose pages may connect; any by default',
  },
  {
    flag: 'drain',
    value: 'seconds',
    variable: 'DRAIN_SECONDS',
    meaning: 'over how long it closes its sockets when it stops, such as 20s; 0 by default, all at once',
  },
  {
    flag: 'inspector',
    variable: 'INSPECTOR',
    meaning: 'serve a page that shows sockets and hooks as they come, at a URL that it prints',
  },
  {
    flag: 'metrics',
    value: 'who',
    variable: 'METRICS',
    meaning: 'who may read /metrics: key (the default) or public',
  },
  { flag: 'limits', value: 'set', variable: 'LIMITS', meaning: 'api-gateway (the default) or none' },
];

const allFlags = [...placeFlags, ...gatewayFlags];
/** The flags that say how hooks are posted, and where their secret is. */
const hookFlagNames: ReadonlySet<string> = new Set(['dir', 'webhook-format', 'hooks', 'hook-timeout-ms']);

const flagSets = {
  place: placeFlags,
  hooks: allFlags.filter(({ flag }) => hookFlagNames.has(flag)),
  all: allFlags,
} as const;

/** Adds the flags that say where a gateway is, how it posts hooks, or all of them. */
export function addSettingFlags(command: Command, set: keyof typeof flagSets): void {
  for (const { flag, value, variable, meaning } of flagSets[set])
    command.option(`--${flag}${value === undefined ? '' : ` <${value}>`}`, `${meaning} (${variable})`);
}

/**
 * The settings of a command: its flags, what else goes before the environment, and the environment. Throws `WrongUse`
 * with one sentence for each that is malformed. It names a flag by the name that the user wrote.
 */
export function settingsOf(
  command: Command,
  set: keyof typeof flagSets,
  before: Readonly<Record<string, string>> = {},
): LocalSettings {
  const given = flagSets[set].flatMap(({ flag, variable }) => {
    const value: unknown = command.getOptionValue(camelCase(flag));
    return value === undefined ? [] : [{ flag, variable, value: String(value) }];
  });
  const variables = Object.fromEntries(given.map(({ variable, value }) => [variable, value]));
  const settings = readSettings({ ...variables, ...before });
  if (settings.ok) return settings.value;
  const written = new Map(given.map(({ flag, variable }) => [variable, `--${flag}`]));
  if (before['WEBHOOK_BASE_URL']) written.set('WEBHOOK_BASE_URL', 'The URL of your app');
  throw new WrongUse(
    settings.error.map((why) => why.replace(/^\w+/, (name) => written.get(name) ?? name)).join('\n'),
  );
}

/** The name that commander gives the value of a flag. */
function camelCase(flag: string): string {
  return flag.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}
