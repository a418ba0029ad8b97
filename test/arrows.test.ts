import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const biome = fileURLToPath(new URL('../node_modules/.bin/biome', import.meta.url));

/** Lints these files with the project's own rules; what a rule says, as `file rule`. */
function linted(files: Readonly<Record<string, string>>): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'sockethook-arrows-'));
  try {
    for (const name of ['biome.json', '.gitignore']) copyFileSync(name, join(folder, name));
    mkdirSync(join(folder, 'node_modules/@biomejs/biome'), { recursive: true });
    const schema = 'node_modules/@biomejs/biome/configuration_schema.json';
    copyFileSync(schema, join(folder, schema));
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
    const args = ['lint', '--max-diagnostics=none', '--colors=off'];
    const { stdout, stderr } = spawnSync(biome, args, { cwd: folder, encoding: 'utf8' });
    const said = [...`${stdout}${stderr}`.matchAll(/^(\S+\.ts):\d+:\d+ lint\/\w+\/(\w+)/gm)];
    return said.map(([, file, rule]) => `${file} ${rule}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Files that import another one each, and nothing else. */
function importing(arrows: readonly (readonly [from: string, to: string])[]): Record<string, string> {
  const files = arrows.map(([from, to], at) => {
    const file = `${from}/file-${at}.ts`;
    const path = relative(from, to);
    const specifier = path.startsWith('.') ? path : `./${path}`;
    return [file, `import { a } from '${specifier}';\n\nexport const b = a;\n`];
  });
  return Object.fromEntries(files);
}

test('the linter refuses an import against an arrow, whatever room it is in', () => {
  const against: readonly (readonly [from: string, to: string])[] = [
    ['functions/wire', 'functions/gateway/record.ts'],
    ['functions/http', 'functions/gateway/ports.ts'],
    ['functions/http', 'functions/node/http-app.ts'],
    ['functions/websocket', 'functions/gateway/ports.ts'],
    ['functions/gateway', 'functions/node/system-clock.ts'],
    ['functions/gateway/end', 'functions/gateway/deliver/send.ts'],
    ['functions/gateway/end', 'functions/gateway/relay/closed.ts'],
    ['functions/gateway/deliver', 'functions/gateway/relay/closed.ts'],
    ['functions/gateway/sweep', 'functions/gateway/relay/closed.ts'],
    ['functions/gateway/deliver', 'functions/gateway/broadcast/pace.ts'],
    ['functions/gateway/broadcast', 'functions/gateway/relay/closed.ts'],
    ['functions/gateway/broadcast', 'functions/gateway/sweep/sweep.ts'],
    ['functions/gateway/api', 'functions/gateway/broadcast/coordinate.ts'],
    ['functions/gateway/relay', 'functions/gateway/api/call.ts'],
    ['functions/node', 'functions/local/gateway.ts'],
    ['functions/node', 'functions/aws/gateway.ts'],
    ['functions/local', 'functions/aws/gateway.ts'],
    ['functions/local', 'functions/bun/bun-server.ts'],
    ['functions/websocket', 'functions/bun/bun-server.ts'],
    ['functions/bun', 'functions/local/gateway.ts'],
    ['functions/bun', 'functions/gateway/ports.ts'],
    ['functions/local', 'infra/local/start.ts'],
    ['functions/aws', 'functions/aws/handlers/connect-handler.ts'],
    ['functions/aws/dynamo', 'functions/local/memory-registry.ts'],
    ['functions/aws/handlers', 'functions/local/gateway.ts'],
    ['infra/local', 'functions/gateway/gateway.ts'],
    ['infra/aws', 'functions/aws/settings.ts'],
    ['infra/aws', 'functions/connect.ts'],
    ['sdk', 'functions/gateway/record.ts'],
    ['sdk', 'functions/http/fields.ts'],
    ['examples/hono', 'functions/wire/limits.ts'],
  ];
  const refused = Object.keys(importing(against)).map((file) => `${file} noRestrictedImports`);
  expect(linted(importing(against)).sort()).toEqual(refused.sort());
});

test('the linter allows an import along an arrow', () => {
  const along: readonly (readonly [from: string, to: string])[] = [
    ['functions/http', 'functions/wire/result.ts'],
    ['functions/websocket', 'functions/wire/result.ts'],
    ['functions/gateway/relay', 'functions/gateway/deliver/send.ts'],
    ['functions/gateway/relay', 'functions/gateway/end/end-socket.ts'],
    ['functions/gateway/deliver', 'functions/gateway/end/end-socket.ts'],
    ['functions/gateway/sweep', 'functions/gateway/end/end-socket.ts'],
    ['functions/node', 'functions/http/connection-pool.ts'],
    ['functions/local', 'functions/node/http-app.ts'],
    ['functions/local', 'functions/websocket/upgrade.ts'],
    ['functions/bun', 'functions/websocket/upgrade.ts'],
    ['functions/bun', 'functions/http/client-transport.ts'],
    ['infra/local', 'functions/bun/bun-server.ts'],
    ['functions/aws', 'functions/node/http-app.ts'],
    ['functions/aws/handlers', 'functions/aws/events.ts'],
    ['functions', 'functions/aws/handlers/connect-handler.ts'],
    ['infra/local', 'functions/local/gateway.ts'],
    ['infra/aws', 'functions/aws/dynamo/table-schema.ts'],
    ['sdk', 'functions/wire/ticket.ts'],
  ];
  expect(linted(importing(along))).toEqual([]);
});

test('the linter refuses a circle, even one of types alone', () => {
  const circle = {
    'functions/wire/one.ts': "import type { Two } from './two.ts';\n\nexport type One = Two | 1;\n",
    'functions/wire/two.ts': "import type { One } from './one.ts';\n\nexport type Two = One[] | 2;\n",
  };
  expect(linted(circle)).toContain('functions/wire/one.ts noImportCycles');
});

test('functions/aws has at most 12 entries at its top', () => {
  expect(readdirSync('functions/aws').length).toBeLessThanOrEqual(12);
});
