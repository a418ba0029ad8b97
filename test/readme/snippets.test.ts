import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { docs, nameOf, Page, readme } from './page.ts';

/** The test that runs each snippet: by its page, its heading, and the file that it names or else its language. */
const provenBy: Readonly<Record<string, string>> = {
  'README.md > On the wire > http': 'test/readme/wire.test.ts',
  'README.md > On the wire > sh': 'test/readme/wire.test.ts',
  'README.md > Quick start > sh': '.ci/run',
  'README.md > Your app > app.mjs': 'test/readme/sdk-apps.test.ts',
  'README.md > Your app > sh': 'test/readme/commands.test.ts',
  'README.md > Without a clone > sh': 'test/package/serving.test.ts',
  'README.md > On AWS > sh': 'test/readme/commands.test.ts',
  'docs/your-app.md > Connecting your app to a gateway > sh': 'test/readme/commands.test.ts',
  'docs/your-app.md > An app in JavaScript > plain.mjs': 'test/readme/apps.test.ts',
  'docs/your-app.md > An app in Python > app.py': 'test/readme/apps.test.ts',
  'docs/your-app.md > Actions > json': 'test/readme/tables.test.ts',
  'docs/your-app.md > Groups > rooms.mjs': 'test/readme/sdk-apps.test.ts',
  'docs/your-app.md > Groups > rooms.py': 'test/readme/sdk-apps.test.ts',
  'docs/your-app.md > Presence > lobby.mjs': 'test/readme/sdk-apps.test.ts',
  'docs/your-app.md > Verifying hooks > js': 'test/readme/programs.test.ts',
  'docs/your-app.md > WSGI and other frameworks > wsgi.py': 'test/readme/apps.test.ts',
  'docs/clients.md > Connecting > js': 'test/readme/programs.test.ts',
  'docs/clients.md > Messages and pings > js': 'test/readme/programs.test.ts',
  'docs/clients.md > A client that reconnects > js': 'test/client/snippet.test.ts',
  'docs/http-api.md > Broadcasts > http': 'test/readme/broadcasts.test.ts',
  'docs/http-api.md > Broadcasts > json': 'test/readme/broadcasts.test.ts',
  'docs/http-api.md > Calls > sh': 'test/readme/wire.test.ts',
  'docs/http-api.md > Dead letters > sh': 'test/readme/wire.test.ts',
  'docs/http-api.md > Groups > sh': 'test/readme/wire.test.ts',
  'docs/http-api.md > Repeating a call > sh': 'test/readme/wire.test.ts',
  'docs/sdk.md > Frameworks > express.ts': 'test/readme/sdk-apps.test.ts',
  'docs/sdk.md > Frameworks > fastify.ts': 'test/readme/sdk-apps.test.ts',
  'docs/sdk.md > Frameworks > hono.ts': 'test/readme/sdk-apps.test.ts',
  'docs/operations.md > A container > dockerfile': 'test/readme/services.test.ts',
  'docs/operations.md > A container > sh': 'test/readme/services.test.ts',
  'docs/operations.md > TLS with Caddy > caddyfile': 'test/readme/proxies.test.ts',
  'docs/operations.md > TLS with nginx > nginx': 'test/readme/proxies.test.ts',
  'docs/operations.md > A service with systemd > ini': 'test/readme/services.test.ts',
  'docs/operations.md > Bun (experimental) > sh': 'test/bun/executable.test.ts',
  'docs/operations.md > Metrics > yaml': 'test/readme/metrics.test.ts',
  'docs/http-api.md > Health > json': 'test/readme/metrics.test.ts',
  'docs/aws.md > Deploying > json': 'test/readme/commands.test.ts',
  'docs/aws.md > Deploying > sh': 'test/readme/aws.test.ts',
  'docs/aws.md > In a stack of your own > ts': 'test/readme/aws.test.ts',
  'docs/aws.md > Who may call > sh': 'test/readme/aws.test.ts',
  'docs/aws.md > Access logs > sh': 'test/readme/aws.test.ts',
  'docs/aws.md > Rotating secrets > sh': 'test/readme/aws.test.ts',
  'docs/aws.md > Removing it > sh': 'test/readme/commands.test.ts',
  'CONTRIBUTING.md > Setting up > sh': '.ci/run',
};

test('every snippet of the documentation is run by a test', () => {
  const pages = [readme, ...docs, new Page('CONTRIBUTING.md'), new Page('SECURITY.md')];
  const real = pages.flatMap(({ path, fences }) =>
    fences
      .filter(({ language }) => language !== 'text')
      .map(({ heading, language, code }) => `${path} > ${heading} > ${nameOf(code) ?? language}`),
  );
  expect([...new Set(real)].sort()).toEqual(Object.keys(provenBy).sort());
});

test('the test of a snippet names the heading or the file of the snippet', () => {
  const silent = Object.entries(provenBy).filter(([snippet, file]) => {
    const [, heading = '', name = ''] = snippet.split(' > ');
    const text = readFileSync(file, 'utf8');
    const wanted = name.includes('.') ? name : heading;
    return file.endsWith('.ts') && !text.includes(`'${wanted}'`);
  });
  expect(silent).toEqual([]);
});
