import { connect } from 'node:net';
import type { Clock } from '../gateway/ports.ts';
import type { AppWatch } from './app-watch.ts';

/** How long one look may take, and the pause between two, in milliseconds. */
const lookMs = { longest: 5_000, pause: 1_000 };

/**
 * Looks at the start whether an app takes connections, since otherwise only the first client would show that it does
 * not. Tells what watches the app if it does not, and once it does. Sends nothing. Ends when `signal` aborts. Whether the
 * app answers, only a hook shows.
 */
export async function awaitApp(
  url: string,
  watch: Pick<AppWatch, 'unreachable' | 'reachable'>,
  clock: Pick<Clock, 'sleep'>,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const why = await whySilent(new URL(url), signal);
    if (signal.aborted) return;
    if (why === undefined) return watch.reachable();
    watch.unreachable(why);
    await clock.sleep(lookMs.pause);
  }
}

/** Why a connection to a URL fails; undefined if there is one. */
function whySilent({ hostname, port, protocol }: URL, signal: AbortSignal): Promise<string | undefined> {
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  const socket = connect({ host, port: Number(port) || (protocol === 'https:' ? 443 : 80) });
  return new Promise((resolve) => {
    const done = (why?: string): void => {
      signal.removeEventListener('abort', stop);
      socket.destroy();
      resolve(why);
    };
    const stop = (): void => done('stopped');
    signal.addEventListener('abort', stop);
    socket.setTimeout(lookMs.longest, () => done('it takes no connection within 5 s'));
    socket.once('connect', () => done());
    socket.once('error', (error: Error) => done(reasonOf(error)));
  });
}

/** A failure of all addresses of a host has a code and no message. */
function reasonOf(error: Error): string {
  return error.message || ('code' in error ? String(error.code) : 'it takes no connection');
}
