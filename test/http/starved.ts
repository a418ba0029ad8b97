import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { HttpApp } from '../../functions/node/http-app.ts';
import { systemClock } from '../../functions/node/system-clock.ts';
import { dialing } from '../support/on-bun.ts';

/**
 * A program that may open nothing more: posts hooks to the app at an origin, may open again after so many milliseconds,
 * and writes what came of each hook, and when.
 */
const [origin = '', hooks = '1', backMs = '0', timeoutMs = '1000'] = process.argv.slice(2);
// So that all that it needs is there, but for what looks names up.
const near = origin.replace('localhost', '127.0.0.1');
const app = new HttpApp(near, systemClock, dialing);
process.stdout.write(`${JSON.stringify(await post(app, near))}\n`);
await app.stop();

// A shell, since nothing can be started any more once the limit stands. Descriptors that are merely taken would not do:
// whatever closes one in between, a module loader say, gives it back.
const shell = spawn('sh', { stdio: ['pipe', 'pipe', 'inherit'] });
async function limitDescriptors(max: number): Promise<void> {
  shell.stdin.write(`prlimit --pid ${process.pid} --nofile=${max}: && echo done\n`);
  await once(shell.stdout, 'data');
}

const starving = new HttpApp(origin, systemClock, dialing);
await limitDescriptors(1);
setTimeout(() => {
  void limitDescriptors(64).then(() => shell.stdin.end());
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
