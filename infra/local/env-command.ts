import { resolve } from 'node:path';
import { type LocalSettings, parseSettings } from '../../functions/local/settings.ts';
import { quote } from './app-variables.ts';

/** How to run the command that prints the app's variables. */
export interface EnvCommand {
  readonly command: string;
  /** Whether it has flags for what else it must be told. Otherwise variables go before it. */
  readonly hasFlags: boolean;
}

type Place = Pick<LocalSettings, 'host' | 'webSocketUrl' | 'folder'>;

/**
 * A line for another shell that prints the app's variables for the gateway on this port. That shell knows no flag and no
 * variable of this one, so the port and each other setting that is not the usual one are in the line.
 */
export function envLine({ command, hasFlags }: EnvCommand, settings: Place, port: number): string {
  const usual = parseSettings({});
  if (!usual.ok) throw new Error(usual.error.join('\n'));
  const { host, webSocketUrl } = settings;
  const folder = settings.folder === usual.value.folder ? settings.folder : resolve(settings.folder);
  const settled = [
    // Many an app's shell has a PORT that is the app's own.
    { flag: 'port', variable: 'PORT', value: String(port) },
    { flag: 'host', variable: 'HOST', value: host, usual: usual.value.host },
    { flag: 'websocket-url', variable: 'SOCKETHOOK_WEBSOCKET_URL', value: webSocketUrl },
    { flag: 'dir', variable: 'SOCKETHOOK_DIR', value: folder, usual: usual.value.folder },
  ];
  const said = settled.flatMap(({ flag, variable, value, usual }) => {
    if (value === undefined || value === usual) return [];
    const text = /^[\w./:@%+-]+$/.test(value) ? value : quote(value);
    return hasFlags ? `--${flag} ${text}` : `${variable}=${text}`;
  });
  return (hasFlags ? [command, ...said] : [...said, command]).join(' ');
}
