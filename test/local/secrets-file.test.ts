import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { secretTexts } from '../../functions/local/secrets-file.ts';
import { parseSigningKey } from '../../functions/wire/signature.ts';
import { parseUrlKey } from '../../functions/wire/ticket.ts';
import { ChildApp } from '../support/child-app.ts';
import { programOf } from '../support/program.ts';

const root = mkdtempSync(join(tmpdir(), 'sockethook-'));
afterAll(() => rmSync(root, { recursive: true }));

let count = 0;
/** A folder that is not there yet. */
function freshFolder(): string {
  count += 1;
  return join(root, `${count}`, '.sockethook');
}

const unset = { apiKeys: undefined, webhookSecrets: undefined, urlKeys: undefined };

test('secrets are made at the first start, well-formed, and kept for the next', () => {
  const folder = freshFolder();
  const made = secretTexts({ ...unset, folder });
  expect(made.apiKeys).toEqual([expect.stringMatching(/^[A-Za-z0-9]{48}$/)]);
  expect(made.urlKeys).toEqual([expect.stringMatching(/^[A-Za-z0-9]{48}$/)]);
  expect(made.webhookSecrets.map((secret) => parseSigningKey(secret).ok)).toEqual([true]);
  expect(made.urlKeys.map((key) => parseUrlKey(key).ok)).toEqual([true]);
  expect(secretTexts({ ...unset, folder })).toEqual(made);
});

test('no two machines have the same secrets', () => {
  const [one, other] = [freshFolder(), freshFolder()].map((folder) => secretTexts({ ...unset, folder }));
  expect(one?.apiKeys).not.toEqual(other?.apiKeys);
  expect(one?.webhookSecrets).not.toEqual(other?.webhookSecrets);
  expect(one?.urlKeys).not.toEqual(other?.urlKeys);
});

test('only their owner can read them', () => {
  const folder = freshFolder();
  secretTexts({ ...unset, folder });
  expect((statSync(join(folder, 'secrets.json')).mode & 0o777).toString(8)).toBe('600');
  expect((statSync(folder).mode & 0o777).toString(8)).toBe('700');
});

test('what the environment sets wins, and the rest comes from the file', () => {
  const folder = freshFolder();
  const made = secretTexts({ ...unset, folder });
  const apiKeys = ['one', 'two'];
  expect(secretTexts({ ...unset, folder, apiKeys })).toEqual({ ...made, apiKeys });
  const urlKeys = ['three'];
  expect(secretTexts({ ...unset, folder, urlKeys })).toEqual({ ...made, urlKeys });
  expect(secretTexts({ ...unset, folder })).toEqual(made);
});

test('nothing is written when the environment sets everything', () => {
  const folder = freshFolder();
  const set = { apiKeys: ['a'], webhookSecrets: ['b'], urlKeys: ['c'] };
  expect(secretTexts({ ...set, folder })).toEqual(set);
  expect(() => statSync(folder)).toThrow('ENOENT');
});

const good = {
  apiKeys: ['a'.repeat(48)],
  webhookSecrets: [`whsec_${'a'.repeat(44)}`],
  urlKeys: ['u'.repeat(48)],
};

test.for([
  { what: 'is empty', text: '' },
  { what: 'is not JSON', text: 'secret-words' },
  { what: 'lacks a list', text: JSON.stringify({ ...good, urlKeys: undefined }) },
  { what: 'has text for a list', text: JSON.stringify({ ...good, apiKeys: 'secret-words' }) },
  { what: 'has a number in a list', text: JSON.stringify({ ...good, apiKeys: [7] }) },
  { what: 'has an empty list', text: JSON.stringify({ ...good, webhookSecrets: [] }) },
  {
    what: 'has a webhook secret that can’t sign',
    text: JSON.stringify({ ...good, webhookSecrets: ['no!'] }),
  },
  { what: 'has a URL key that is too short', text: JSON.stringify({ ...good, urlKeys: ['short'] }) },
])('a file that $what is an error that names it, tells no secret, and is left as it is', ({ text }) => {
  const folder = freshFolder();
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'secrets.json');
  writeFileSync(file, text);
  expect(() => secretTexts({ ...unset, folder })).toThrow(`${file} cannot be used; fix it, or delete it`);
  expect(() => secretTexts({ ...unset, folder })).not.toThrow('secret-words');
  expect(readFileSync(file, 'utf8')).toBe(text);
});

test.skipIf(process.getuid?.() === 0)('a file that may not be read is an error that says so', () => {
  const folder = freshFolder();
  secretTexts({ ...unset, folder });
  const file = join(folder, 'secrets.json');
  chmodSync(file, 0);
  expect(() => secretTexts({ ...unset, folder })).toThrow(
    `${file} cannot be read (EACCES): let this user read it, or set SOCKETHOOK_DIR`,
  );
});

test('what is no file is an error that does not say to delete it', () => {
  const folder = freshFolder();
  mkdirSync(join(folder, 'secrets.json'), { recursive: true });
  expect(() => secretTexts({ ...unset, folder })).toThrow(/cannot be read \(EISDIR\).*SOCKETHOOK_DIR/);
});

test('a folder that can’t be made is an error that names the setting', () => {
  const folder = freshFolder();
  secretTexts({ ...unset, folder });
  const below = join(folder, 'secrets.json', 'folder');
  expect(() => secretTexts({ ...unset, folder: below })).toThrow(/\(ENOTDIR\).*SOCKETHOOK_DIR/);
});

test.skipIf(process.platform !== 'linux')('a folder in /proc is an error that names the setting', () => {
  for (const folder of ['/proc/sockethook', '/proc/sockethook/below'])
    expect(() => secretTexts({ ...unset, folder })).toThrow(/\(ENOENT\).*SOCKETHOOK_DIR/);
});

/** Runs `npm run env` as a shell would, after a command of its own. */
async function run(before: string, environment: Record<string, string>): Promise<ChildApp> {
  const program = await programOf('infra/local/env.ts');
  const app = new ChildApp('sh', ['-c', `${before} exec "$0" "$1"`, process.execPath, program], environment);
  await app.ended;
  return app;
}

test('a disk that is full at the first start leaves nothing behind, and the next start makes secrets', async () => {
  const folder = freshFolder();
  const failed = await run('ulimit -f 0 &&', { SOCKETHOOK_DIR: folder });
  expect(failed.errors).toMatch(
    /^Secrets cannot be kept in .* \(EFBIG\): set SOCKETHOOK_DIR to a folder .*\n$/,
  );
  expect([failed.output, readdirSync(folder)]).toEqual(['', []]);
  const made = await run('', { SOCKETHOOK_DIR: folder });
  expect(made.output).toContain(secretTexts({ ...unset, folder }).apiKeys[0]);
  expect(readdirSync(folder)).toEqual(['.gitignore', 'secrets.json']);
});

/** Makes the secrets of many folders, each at its moment, and says what came of each. */
const maker = `
import { secretTexts } from '${join(process.cwd(), 'functions/local/secrets-file.ts')}';

const [begin, root, count] = [Number(process.argv[2]), process.argv[3], Number(process.argv[4])];
for (let at = 0; at < count; at++) {
  while (Date.now() < begin + at * 10);
  try {
    console.log(secretTexts({ folder: root + '/' + at }).apiKeys[0]);
  } catch (error) {
    console.log(String(error));
  }
}
`;

test('two that start at once in one folder have the same secrets', async () => {
  const script = join(root, 'make.ts');
  writeFileSync(script, maker);
  const program = await programOf(script);
  const folders = join(root, 'at-once');
  const start = async (): Promise<string[]> => {
    const begin = String(began + 2_000);
    const app = new ChildApp(process.execPath, [program, begin, folders, '100'], {});
    await app.ended;
    return app.output.trimEnd().split('\n');
  };
  const began = Date.now();
  const [one, other] = await Promise.all([start(), start()]);
  expect(one).toHaveLength(100);
  expect(new Set(one?.map((key) => /^[A-Za-z0-9]{48}$/.test(key)))).toEqual(new Set([true]));
  expect(other).toEqual(one);
});
