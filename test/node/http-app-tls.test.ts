import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:https';
import { connect, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { HttpApp } from '../../functions/node/http-app.ts';
import { systemClock } from '../../functions/node/system-clock.ts';
import { aRequest } from '../contract/ports/app-world.ts';
import { portOf } from '../contract/ports/port-of.ts';
import { dialing } from '../support/on-bun.ts';

const folder = mkdtempSync(join(tmpdir(), 'sockethook-tls-'));
const [keyFile, certFile] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
const hasOpenssl = makeCertificate();
const title = (what: string): string => `${what}${hasOpenssl ? '' : ' (needs openssl)'}`;

const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
  for (const stop of stops.splice(0)) await stop();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function makeCertificate(): boolean {
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
  const files = ['-keyout', keyFile, '-out', certFile];
  const args = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', ...files, ...subject];
  try {
    execFileSync('openssl', args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

function listen(server: Server): Promise<number> {
  stops.push(() => new Promise((resolve) => server.close(resolve)));
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(portOf(server))));
}

/** An app over TLS, which answers everything; what says `together` once three of these are under way. */
async function serve() {
  const together: (() => void)[] = [];
  const names: unknown[] = [];
  const server = createServer({ key: readFileSync(keyFile), cert: readFileSync(certFile) });
  server.on('secureConnection', (socket) => names.push(socket.servername));
  server.on('request', (request, response) => {
    const type = { 'Content-Type': 'application/vnd.sockethook+json' };
    const answer = (): unknown => response.writeHead(200, type).end('{"reply":"ü"}');
    let body = '';
    request.on('data', (chunk) => {
      body += String(chunk);
    });
    request.on('end', () => {
      if (body !== 'together') return answer();
      together.push(answer);
      return together.length === 3 && together.map((one) => one());
    });
  });
  const port = await listen(server);
  stops.unshift(async () => server.closeAllConnections());
  return { port, names };
}

/** Posts to the app on a port, as `localhost`, to whom the certificate is. */
function client(port: number) {
  const origin = `https://localhost:${port}`;
  const app = new HttpApp(origin, systemClock, dialing);
  stops.unshift(() => app.stop());
  return (body = 'body') => app.post(aRequest(origin, { body }));
}

/** How a server refuses a handshake. RFC 8446 section 6: fatal, handshake_failure; or without a word. */
const refusals = {
  alert: (near: Socket) => near.end(Buffer.from([0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x28])),
  reset: (near: Socket) => near.resetAndDestroy(),
} as const;

/** Passes connections on, but refuses whoever says hello at greater length: with a session. */
async function suspicious(port: number, refuse: (near: Socket) => Socket): Promise<number> {
  let usual = Number.POSITIVE_INFINITY;
  const front = createTcpServer((near) => {
    near.on('error', () => near.destroy());
    near.once('data', (hello) => {
      if (hello.length > usual + 50) return refuse(near);
      usual = Math.min(usual, hello.length);
      const far = connect(port, '127.0.0.1');
      far.on('error', () => near.destroy());
      far.write(hello);
      return near.pipe(far).pipe(near);
    });
  });
  return listen(front);
}

describe('an app over TLS', () => {
  test.skipIf(!hasOpenssl)(
    title('is not reached unless its certificate is good, and then on kept connections'),
    async () => {
      const { port, names } = await serve();
      const post = client(port);
      const unknown = { kind: 'unreachable', why: 'DEPTH_ZERO_SELF_SIGNED_CERT' };
      expect(await post()).toMatchObject(unknown);
      process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
      for (let at = 0; at < 3; at++) {
        expect(await post('ä'.repeat(50_000))).toMatchObject({ status: 200, body: '{"reply":"ü"}' });
      }
      expect(names.length).toBeLessThan(3);
      expect(names.at(-1)).toBe('localhost');
    },
  );

  test.skipIf(!hasOpenssl).for(['alert', 'reset'] as const)(
    title('that refuses the session which it gave is reached without it, under the same hook (%s)'),
    async (how) => {
      process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
      const { port, names } = await serve();
      const post = client(await suspicious(port, refusals[how]));
      expect(await post()).toMatchObject({ status: 200 });
      // None is answered before all are there, so that they can't all go on the connection that is kept.
      const answers = await Promise.all([1, 2, 3].map(() => post('together')));
      expect(answers.map(({ kind }) => kind)).toEqual(['response', 'response', 'response']);
      expect(names.length).toBeGreaterThan(1);
    },
  );
});
