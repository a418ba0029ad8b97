import { closeSync, openSync } from 'node:fs';
import { HttpApp } from '../../functions/http/http-app.ts';
import { systemClock } from '../../infra/local/system-clock.ts';

/**
 * A program that has taken all descriptors for itself: posts hooks to the app at an origin, gives the descriptors back
 * after so many milliseconds, and writes what came of each hook, and when.
 */
const [origin = '', hooks = '1', backMs = '0', timeoutMs = '1000'] = process.argv.slice(2);
// So that all that it needs is there, but for what looks names up.
const near = origin.replace('localhost', '127.0.0.1');
const app = new HttpApp(near, systemClock);
process.stdout.write(`${JSON.stringify(await post(app, near))}\n`);
await app.stop();

const starving = new HttpApp(origin, systemClock);
const taken: number[] = [];
try {
  for (;;) taken.push(openSync('/dev/null', 'r'));
} catch {}
setTimeout(() => {
  for (const descriptor of taken) closeSync(descriptor);
}, Number(backMs));
const begun = performance.now();
for (let at = 0; at < Number(hooks); at++) {
  void post(starving, origin).then((answer) => {
    process.stdout.write(`${JSON.stringify({ ...answer, afterMs: performance.now() - begun })}\n`);
  });
}

function post(port: HttpApp, to: string) {
  return port.post({ url: `${to}/`, headers: {}, body: 'event=message', timeoutMs: Number(timeoutMs) });
}
