import type { LocalSettings } from './settings.ts';

/** The URLs of a gateway with these settings on this machine. */
export function localUrls(
  { host, webSocketUrl }: Pick<LocalSettings, 'host' | 'webSocketUrl'>,
  port: number,
): { webSocketUrl: string; apiUrl: string } {
  const name = localName(host);
  return { webSocketUrl: webSocketUrl ?? `ws://${name}:${port}/`, apiUrl: `http://${name}:${port}` };
}

function localName(host: string): string {
  if (['127.0.0.1', '0.0.0.0', '::', '::1'].includes(host)) return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
}
