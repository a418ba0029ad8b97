import { connect } from 'node:net';
import type { Clock, Log } from '../gateway/ports.ts';

/** How long one look may take, and the pause between two, in milliseconds. */
const lookMs = { longest: 5_000, pause: 1_000 };

const advice = 'start your app, or mend WEBHOOK_BASE_URL; until then clients are refused';

/**
 * Looks at the start whether an app takes connections, since otherwise only the first client would show that it does
 * not. Logs `app_silent` once if it does not, and `app_answers` once it does. Sends nothing. Ends when `signal` aborts.
 */
export async function awaitApp(
  url: string,
  { clock, log }: { readonly clock: Clock; readonly log: Pick<Log, 'info' | 'warn'> },
  signal: AbortSignal,
): Promise<void> {
  const begun = clock.monotonic();
  for (let looks = 1; !signal.aborted; looks++) {
    const why = await whySilent(new URL(url), signal);
    if (signal.aborted) return;
    if (why === undefined) {
      const seconds = Math.round((clock.monotonic() - begun) / 1_000);
      if (looks > 1) log.info('app_answers', { url, seconds });
      return;
    }
    if (looks === 1) log.warn('app_silent', { url, why, advice });
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
