import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.ts'], {
  encoding: 'utf8',
})
  .split('\n')
  .filter((file) => file !== '');
const source = files.filter((file) => /^(?:functions|infra|sdk|examples)\//.test(file));
const read = (file: string): string => readFileSync(file, 'utf8');
const code = (file: string): string => read(file).replace(/\/\*[\s\S]*?\*\/|\/\/.*$|^import[^;]*;/gm, '');
const linesOf = (file: string): number => read(file).split('\n').length - 1;

test('there is source to look at', () => {
  expect(source.length).toBeGreaterThan(50);
});

test('a file has at most 250 lines', () => {
  expect(source.filter((file) => linesOf(file) > 250)).toEqual([]);
});

test('a flow reads top to bottom in at most 40 lines of code', () => {
  const flows = [
    'relay/handshake',
    'relay/message',
    'relay/closed',
    'deliver/send',
    'deliver/broadcast',
    'deliver/flush',
  ];
  for (const flow of flows) {
    const name = flow.split('/')[1] ?? '';
    const text = read(`functions/gateway/${flow}.ts`);
    const from = text.indexOf(`export async function ${name}(`);
    expect([flow, from >= 0]).toEqual([flow, true]);
    const body = text.slice(from, text.indexOf('\n}\n', from));
    expect([flow, body.split('\n').length <= 40]).toEqual([flow, true]);
  }
});

test('a Lambda handler has at most 15 lines and no if', () => {
  const handlers = source.filter((file) => /^functions\/[^/]+\.ts$/.test(file));
  expect(handlers.filter((handler) => linesOf(handler) > 15 || /\bif\b/.test(read(handler)))).toEqual([]);
});

test('no name says nothing', () => {
  expect(
    files.filter((file) => /(?:^|\/)(?:utils?|helpers?|common|misc|types)(?:\.ts$|\/)/.test(file)),
  ).toEqual([]);
});

test('nothing is any', () => {
  const anys = files.filter(
    (file) => file !== 'test/structure.test.ts' && /:\s*any\b|<any>|\bas any\b/.test(code(file)),
  );
  expect(anys).toEqual([]);
});

test('a type is asserted only where a text is parsed into it', () => {
  const casting = source.filter((file) => / as (?!const\b)[A-Z]/.test(code(file)));
  expect(casting.sort()).toEqual([
    'functions/wire/broadcast-id.ts',
    'functions/wire/dead-letter-id.ts',
    'functions/wire/group.ts',
    'functions/wire/idempotency-key.ts',
    'functions/wire/path.ts',
    'functions/wire/signature.ts',
    'functions/wire/socket-id.ts',
    'functions/wire/ticket.ts',
  ]);
});

test('process.env is read in one file of each world', () => {
  const reading = source.filter(
    (file) => !file.startsWith('examples/') && read(file).includes('process.env'),
  );
  expect(reading.filter((file) => !file.endsWith('/settings.ts'))).toEqual([]);
});

test('the id of a hook is built in one place', () => {
  const byHand = source.filter((file) =>
    /(?:handshake|message|closed)_\$\{|_\$\{task\.socket/.test(read(file)),
  );
  expect(byHand.filter((file) => file !== 'functions/wire/hook.ts')).toEqual([]);
});

test('a record is marked as closing in one place', () => {
  const marking = source.filter(
    (file) => file.startsWith('functions/gateway/') && /\.markEnded\(/.test(read(file)),
  );
  expect(marking).toEqual(['functions/gateway/end/end-socket.ts']);
});

test('time and chance come from the clock alone', () => {
  const direct = source.filter((file) => /^functions\/(?:gateway|wire)\//.test(file));
  expect(
    direct.filter((file) => /Date\.now|Math\.random|randomUUID|randomBytes|setTimeout/.test(read(file))),
  ).toEqual([]);
});

test('every export says what it is', () => {
  const bare = source.flatMap((file) => {
    const lines = read(file)
      .split('\n')
      .filter((line) => !line.startsWith('// biome-ignore'));
    return lines.flatMap((line, at) =>
      /^export (?!\{|\*|type \{)/.test(line) && !/\*\/\s*$/.test(lines[at - 1] ?? '')
        ? [`${file}: ${line}`]
        : [],
    );
  });
  expect(bare).toEqual([]);
});

test('pauses grow in one place', () => {
  const growing = source.filter((file) => /\*\* [^\d]|\b0\.5 \+ /.test(code(file)));
  expect(growing).toEqual(['functions/wire/backoff.ts']);
});
