import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { envLine } from '../../infra/local/env-command.ts';
import { freePort } from '../support/free-port.ts';
import { CommandLine } from './command.ts';

let line: CommandLine;
beforeAll(async () => {
  line = await CommandLine.build();
});

const flags = { command: 'sockethook env', hasFlags: true };
const variables = { command: 'npm run --silent env', hasFlags: false };
const usual = { host: '127.0.0.1', webSocketUrl: undefined, folder: '.sockethook' };

test('the line that prints the app’s variables has the port, and each setting of the place that is not the usual one', () => {
  expect(envLine(flags, usual, 8080)).toBe('sockethook env --port 8080');
  expect(envLine(variables, usual, 8080)).toBe('PORT=8080 npm run --silent env');
  const other = { host: '::1', webSocketUrl: 'wss://a.example/', folder: "/it's here" };
  expect(envLine(flags, other, 9000)).toBe(
    `sockethook env --port 9000 --host ::1 --websocket-url wss://a.example/ --dir '/it'\\''s here'`,
  );
  expect(envLine(variables, other, 9000)).toBe(
    `PORT=9000 HOST=::1 SOCKETHOOK_WEBSOCKET_URL=wss://a.example/ SOCKETHOOK_DIR='/it'\\''s here' npm run --silent env`,
  );
  expect(envLine(flags, { ...usual, folder: 'data' }, 8080)).toBe(
    `sockethook env --port 8080 --dir ${join(process.cwd(), 'data')}`,
  );
});

test('what a gateway in a terminal says to your app’s shell gives it the variables of this very gateway', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sockethook env '));
  const port = String(await freePort());
  const isTerminal = { NODE_OPTIONS: '--import data:text/javascript,process.stdout.isTTY=true' };
  const gateway = line.begin(['http://127.0.0.1:1/a', '--port', port, '--dir', folder], isTerminal);
  onTestFinished(async () => {
    await gateway.stop(10_000);
    rmSync(folder, { recursive: true });
  });
  await gateway.says('Your app');
  const [, said = ''] = /Your app +in its shell, in this folder: (eval .*)$/m.exec(gateway.output) ?? [];
  const here = said.replace(/npx sockethook|node --import tsx \S+/, 'sockethook');
  const call = 'curl -sS -H "Authorization: Bearer $SOCKETHOOK_API_KEY" "$SOCKETHOOK_API_URL/sockets"';
  const { output, errors } = await line.shell(`${here}\n${call}`, {});
  expect([JSON.parse(output), errors]).toEqual([{ sockets: [] }, '']);
});
