import { isInstalled, serverFile, startForeign } from './foreign.ts';
import type { Subject } from './subject.ts';

/**
 * Pushpin (Debian: `pushpin`), with WebSocket-over-HTTP. It disconnects clients that have several messages in flight.
 */
export const pushpin: Subject = {
  name: 'Pushpin',
  maxInFlight: 1,
  start: async ({ port: appPort }) => {
    const files = { 'pushpin.conf': serverFile('pushpin.conf'), routes: '* APP,over_http\n' };
    const args = ['--config=FOLDER/pushpin.conf'];
    const { port, ...running } = await startForeign({ command: 'pushpin', files, args }, appPort);
    return {
      ...running,
      url: `ws://127.0.0.1:${port}/pushpin/bench`,
      broadcast: { url: '', headers: {}, bodyOf: (text) => text },
    };
  },
};

/** Whether Pushpin can be measured here. */
export function hasPushpin(): boolean {
  return isInstalled('pushpin');
}
