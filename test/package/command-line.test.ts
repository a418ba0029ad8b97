import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { RecordingApp } from '../support/recording-app.ts';
import { type Installation, nodes, Package } from './package.ts';

let made: Package;
let installed: Installation;
beforeAll(async () => {
  made = await Package.pack();
  installed = await made.install();
});
afterAll(() => made.remove());

const runs = nodes.flatMap((node) => [
  { node, args: ['--help'], code: 0, says: /^Usage: sockethook .*start .*env .*npx sockethook --demo/s },
  { node, args: ['start', '--help'], code: 0, says: /--port <number>.*\(PORT\)/s },
  {
    node,
    args: [],
    code: 2,
    says: /npx sockethook http:\/\/localhost:3000\/websocket\n.*npx sockethook --demo/,
  },
  { node, args: ['sned'], code: 2, says: /^"sned" is neither a command nor the URL of an app/m },
  { node, args: ['http://a', 'b'], code: 2, says: /too many arguments/ },
  { node, args: ['--prot', '1'], code: 2, says: /unknown option '--prot'\n\(Did you mean --port\?\)/ },
  { node, args: ['--port'], code: 2, says: /argument missing/ },
  {
    node,
    args: ['http://a', '--port', '65536'],
    code: 2,
    says: /^--port must be a whole number from 0 to 65535/m,
  },
  { node, args: ['http://a?b'], code: 2, says: /^The URL of your app must have no query/m },
  { node, args: ['--demo', 'http://a'], code: 2, says: /^--demo runs an app of its own/m },
  { node, args: ['env', '--hooks', 'message'], code: 2, says: /unknown option '--hooks'/ },
]);

test.for(runs.map((run) => ({ ...run, typed: run.args.join(' ') })))(
  '`npx sockethook $typed` on Node.js $node.version ends with $code and says what it should',
  async (run) => {
    const app = installed.run(run.node, run.args);
    expect(await app.ended, app.written).toEqual([run.code, null]);
    expect(run.code === 0 ? app.output : app.errors).toMatch(run.says);
    expect(run.code === 0 ? app.errors : app.output, 'the other stream').toBe('');
  },
);

test.for(nodes)(
  '`npx sockethook --version` on Node.js $version prints the version of the package',
  async (node) => {
    const app = installed.run(node, ['--version']);
    expect(await app.ended).toEqual([0, null]);
    expect(app.output.trim()).toBe(JSON.parse(await readFile('package.json', 'utf8')).version);
  },
);

test('a setting means the same as a flag and as a variable, and the flag goes first', async () => {
  const [node] = nodes;
  const urlOf = async (args: readonly string[], env = {}): Promise<unknown> => {
    const app = installed.program(node!, ['env', '--json', ...args], env);
    await app.ended;
    return JSON.parse(app.output).SOCKETHOOK_API_URL;
  };
  expect(await urlOf(['--port', '9001'])).toBe('http://localhost:9001');
  expect(await urlOf([], { PORT: '9002' })).toBe('http://localhost:9002');
  expect(await urlOf(['--port', '9001'], { PORT: '9002' })).toBe('http://localhost:9001');
});

test('no secret can be given as a flag', async () => {
  const [node] = nodes;
  const help = installed.program(node!, ['start', '--help']);
  await help.ended;
  expect(help.output).not.toMatch(/KEY|SECRET/);
});

test.for(nodes)('a port that is taken on Node.js $version is said so, with what to do', async (node) => {
  const app = new RecordingApp();
  const base = await app.listen();
  const gateway = installed.program(node, [base, '--port', new URL(base).port]);
  expect(await gateway.ended).toEqual([1, null]);
  expect(gateway.errors).toMatch(/EADDRINUSE.*\n.*set PORT to another port \(the flag is --port\)\.\n$/);
  await app.stop();
});
