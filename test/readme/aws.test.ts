import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import { AccountRootPrincipal, Role } from 'aws-cdk-lib/aws-iam';
import { PublicHostedZone } from 'aws-cdk-lib/aws-route53';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { broadcastRows, rows as costRows, month, outageUse } from '../../docs/costs.ts';
import { lambdaLog } from '../../functions/aws/lambda-log.ts';
import { parseApiKey } from '../../functions/wire/api-key.ts';
import { parseSigningKey } from '../../functions/wire/signature.ts';
import { parseUrlKey } from '../../functions/wire/ticket.ts';
import { parseContext } from '../../infra/aws/context.ts';
import { counted } from '../../infra/aws/metrics.ts';
import { settingNames } from '../../infra/aws/setting-rules.ts';
import { Sockethook } from '../../infra/aws/sockethook.ts';
import { checkSettings } from '../../sdk/check-settings.ts';
import { portOf } from '../contract/ports/port-of.ts';
import { quickApp } from '../infra/synthesised.ts';
import { doc } from './page.ts';

const page = doc('aws');

const base = { webhookBaseUrl: 'https://app.example/websocket' };

test('the table of settings on AWS has every setting of the stack, and no other', () => {
  const unknown = parseContext({ ...base, misspelt: '1' });
  const names = unknown.ok
    ? []
    : (/the settings are (.*)\./.exec(unknown.error.join(' '))?.[1] ?? '').split(', ');
  expect(names.length).toBeGreaterThan(settingNames.size);
  const written = page.rows('Settings', 'setting').map(([name]) => name);
  expect(written.sort()).toEqual(names.sort());
});

test('a default in the table is the same as leaving the setting out', () => {
  const written = page.rows('Settings', 'setting').filter(([, value]) => value !== '');
  expect(written.length).toBeGreaterThan(15);
  const without = parseContext(base);
  expect(without.ok).toBe(true);
  for (const [name = '', value] of written) {
    expect([name, parseContext({ ...base, [name]: value })]).toEqual([name, without]);
  }
});

test('the table of costs is what the formula says', () => {
  const [, ...written] = [[], ...page.rows('Cost', 'use')];
  expect(written).toEqual(costRows());
  expect(page.rows('Cost', 'sockets of each broadcast'), 'a million deliveries').toEqual(broadcastRows());
});

test('a million calls with an idempotency key cost the two writes each that the page says', () => {
  expect(page.section('Cost')).toContain('A call with an `Idempotency-Key` takes 2 writes');
  const calls = 1_000_000;
  const [without, keyed] = [month({}), month({ keyed: calls })];
  expect(keyed.dynamo - without.dynamo).toBeCloseTo((calls * 2 * 0.625) / 1_000_000);
  expect({ ...keyed, dynamo: 0, total: 0 }).toEqual({ ...without, dynamo: 0, total: 0 });
});

test('a million visits of users that the app hears of cost what the page says', () => {
  const said = page.section('Cost').replaceAll('\n', ' ');
  expect(said).toContain('takes 11 writes, 9 reads, 9 requests of SQS and 3 runs more');
  expect(said).toContain('about 16 dollars for a million such visits');
  const visits = 1_000_000;
  const [without, told] = [month({ hookSeconds: 0.05 }), month({ hookSeconds: 0.05, visits })];
  expect(told.dynamo - without.dynamo).toBeCloseTo(11 * 0.625 + 9 * 0.125);
  expect(told.queue - without.queue).toBeCloseTo(9 * 0.4);
  expect(Math.round(told.total - without.total)).toBe(16);
});

test('the queue of presence costs what the page says, also if nobody comes', () => {
  const said = page.section('Cost').replaceAll('\n', ' ');
  const [without, idle] = [month({}), month({ hasPresence: true })];
  expect(said).toContain(`polls of their queue cost ${(idle.queue - without.queue).toFixed(2)}`);
  expect(said).toContain(`its alarm ${(idle.fixed - without.fixed).toFixed(2)} a month`);
  expect({ ...idle, queue: 0, fixed: 0, total: 0 }).toEqual({ ...without, queue: 0, fixed: 0, total: 0 });
});

test('a page that is open all month costs what the page says, with its pings and without', () => {
  const said = page.section('Cost').replaceAll('\n', ' ');
  const costs = (secondsBetweenPings: number): string => {
    const pings = (30 * 86_400) / secondsBetweenPings;
    return (month({ sockets: 1, pings }).total - month({}).total).toFixed(2);
  };
  expect(said).toContain(`costs ${costs(45)} if it pings every 45 seconds`);
  expect(said).toContain(`and ${costs(540)} if it pings every 9 minutes`);
  expect(said).toContain(`Its connection is ${costs(Number.POSITIVE_INFINITY)} of that`);
});

test('a message that waits for an hour is queued as often, and costs as many requests, as the page says', () => {
  const said = page.section('Cost').replaceAll('\n', ' ');
  const { queued, requests } = outageUse;
  expect(said).toContain(`is queued about ${queued} times`);
  expect(said).toContain(`between ${requests.least} and ${requests.most} requests instead of 3`);
});

test('queued messages cost the write for each socket and the three metrics that the page says', () => {
  const said = page.section('Cost').replaceAll('\n', ' ');
  expect(said).toContain('a socket takes 1 write more when it ends');
  expect(said).toContain('three alarmed metrics cost 0.30 a month');
  const opened = 1_000_000;
  const [without, queued] = [month({ opened }), month({ opened, queuesMessages: true })];
  expect(queued.dynamo - without.dynamo).toBeCloseTo((opened * 0.625) / 1_000_000);
  expect(queued.fixed - without.fixed).toBeCloseTo(0.3);
  expect({ ...queued, dynamo: 0, fixed: 0, total: 0 }).toEqual({ ...without, dynamo: 0, fixed: 0, total: 0 });
});

test('the table of metrics has every metric, and the event that it counts', () => {
  const written = page.rows('Watching it', 'metric').map(([metric, event]) => [metric, event]);
  expect(written.map(([metric]) => metric).sort()).toEqual([...counted].sort());
  const lines: string[] = [];
  const output = new Writable({
    write: (line, _, done) => {
      lines.push(String(line));
      done();
    },
  });
  const log = lambdaLog('a gateway', { now: () => 1 }, output);
  for (const [, event = ''] of written) log.error(event, {});
  expect(lines.map((line) => [JSON.parse(line)._aws.CloudWatchMetrics[0].Metrics[0].Name])).toEqual(
    written.map(([metric]) => [metric]),
  );
});

test('the construct takes the properties that the page gives it, and has what the page names', async () => {
  const [code = ''] = page.code('In a stack of your own', 'ts');
  const [, path = '', body = ''] =
    /^import \{ Sockethook \} from 'sockethook\/(.*)';\n([\s\S]*)$/.exec(code) ?? [];
  const { exports: exported } = JSON.parse(await readFile('package.json', 'utf8'));
  expect(Object.keys(exported)).toContain(`./${path}`);
  const stack = new Stack(quickApp(), 'Mine', { env: { account: '123456789012', region: 'eu-central-1' } });
  const name = 'ws.example.com';
  const hostedZone = new PublicHostedZone(stack, 'Zone', { zoneName: 'example.com' });
  const certificate = new Certificate(stack, 'Certificate', { domainName: name });
  const given = {
    Sockethook,
    RemovalPolicy,
    certificate,
    hostedZone,
    alarmTopic: new Topic(stack, 'Alarms'),
    app: new Role(stack, 'App', { assumedBy: new AccountRootPrincipal() }),
  };
  const make = new Function(...Object.keys(given), `${body}\nreturn gateway;`);
  const gateway: object = make.apply(stack, Object.values(given));
  const resources = JSON.stringify(Template.fromStack(stack).toJSON());
  expect(resources).toContain(`"DomainName":"${name}"`);
  const [, list = ''] = /You can use its ([^.]*)\./.exec(page.section('In a stack of your own')) ?? [];
  const named = [...list.matchAll(/`(\w+)`/g)].map(([, property = '']) => property);
  expect(named.length).toBeGreaterThan(5);
  for (const property of named) expect(gateway).toHaveProperty(property);
});

const lists = {
  apiKeys: ['api-key-one-0123456789', 'api-key-two-0123456789'],
  webhookSecrets: ['a'.repeat(48), `whsec_${'b'.repeat(48)}`],
  urlKeys: ['c'.repeat(48), 'd'.repeat(48)],
} as const;

const outputs = {
  ApiUrl: 'https://abc.execute-api.eu-central-1.amazonaws.com',
  WebSocketUrl: 'wss://def.execute-api.eu-central-1.amazonaws.com/live',
  ApiKeysSecret: 'apiKeys',
  WebhookSecretsSecret: 'webhookSecrets',
  UrlKeysSecret: 'urlKeys',
};

/** An AWS CLI that knows two commands, and keeps each secret in a file. */
const secretsManager = `#!/bin/sh
command="$1 $2"
while [ $# -gt 0 ]; do
  case "$1" in
    --secret-id) id="$2" ;;
    --secret-string) string="$2" ;;
  esac
  shift
done
case "$command" in
  'secretsmanager get-secret-value') cat "$SECRETS/$id" && echo ;;
  'secretsmanager put-secret-value') printf %s "$string" >"$SECRETS/$id" ;;
  *) exit 252 ;;
esac
`;

const exports = page.code('Deploying', 'sh').find((code) => code.includes('export ')) ?? '';
const functions = exports.slice(0, exports.indexOf('export '));

describe('the commands for a shell', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sockethook-aws-'));
    await mkdir(join(folder, 'bin'));
    await writeFile(join(folder, 'bin', 'aws'), secretsManager, { mode: 0o755 });
    await writeFile(join(folder, 'outputs.json'), JSON.stringify({ Sockethook: outputs }));
  });
  afterAll(() => rm(folder, { recursive: true }));

  /** What a shell says after it has run these scripts, with these lists in Secrets Manager. */
  const run = async (...scripts: string[]): Promise<string> => {
    for (const [name, list] of Object.entries(lists)) await writeFile(join(folder, name), list.join(','));
    const env = { ...process.env, PATH: `${join(folder, 'bin')}:${process.env['PATH']}`, SECRETS: folder };
    const script = ['set -euo pipefail', ...scripts].join('\n');
    // Where its input is a socket, a shell takes itself for a remote one, and reads what may change the PATH.
    const { stdout, stderr } = await promisify(execFile)('bash', ['--norc', '-c', script], {
      cwd: folder,
      env,
    });
    expect(stderr).toBe('');
    return stdout;
  };

  test('set the five variables of an app, also while each secret is a list of two', async () => {
    const said = await run(exports, `node -p 'JSON.stringify(process.env)'`);
    const before = process.env;
    process.env = JSON.parse(said);
    try {
      expect(() => checkSettings()).not.toThrow();
      expect(process.env).toMatchObject({
        SOCKETHOOK_API_URL: outputs.ApiUrl,
        SOCKETHOOK_WEBSOCKET_URL: outputs.WebSocketUrl,
        SOCKETHOOK_API_KEY: lists.apiKeys[0],
        SOCKETHOOK_WEBHOOK_SECRET: lists.webhookSecrets.join(','),
        SOCKETHOOK_URL_KEY: lists.urlKeys.join(','),
      });
    } finally {
      process.env = before;
    }
  });

  test('sign a call for IAM, the session token too', async () => {
    const [call = ''] = page.code('Who may call', 'sh').filter((code) => code.includes('--aws-sigv4'));
    let seen: IncomingMessage | undefined;
    const server = createServer((request, response) => {
      seen = request;
      response.end('{}');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const settings = `export AWS_REGION=eu-central-1 AWS_ACCESS_KEY_ID=AKID AWS_SECRET_ACCESS_KEY=s AWS_SESSION_TOKEN=token
      SOCKETHOOK_API_URL=http://127.0.0.1:${portOf(server)}`;
    await run(settings, 'curl() { command curl --silent "$@"; }', call);
    server.close();
    expect([seen?.method, seen?.url]).toEqual(['POST', '/broadcast']);
    expect(seen?.headers['authorization']).toMatch(
      /^AWS4-HMAC-SHA256 Credential=AKID\/\d{8}\/eu-central-1\/execute-api\/aws4_request, SignedHeaders=[\w;-]*x-amz-security-token/,
    );
  });

  test('broadcast by the call that the page shows', async () => {
    const seen: string[] = [];
    const server = createServer(async (request, response) => {
      seen.push(`${request.method} ${request.url} ${request.headers.authorization}`, await text(request));
      response.end('{}');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const [call = ''] = page.code('Deploying', 'sh').filter((code) => code.startsWith('curl '));
    const here = `export SOCKETHOOK_API_KEY=key SOCKETHOOK_API_URL=http://127.0.0.1:${portOf(server)}`;
    await run(here, 'curl() { command curl --silent "$@"; }', call);
    server.close();
    expect(seen).toEqual(['POST /broadcast Bearer key', 'body=Hello, all']);
  });

  test('make a role for access logs that API Gateway may take, and set it', async () => {
    const [script = ''] = page.code('Access logs', 'sh');
    const note = 'aws() { printf "%s\\n" "$*" >>calls; [ "$2" = get-role ] && echo arn:role; return 0; }';
    await run(note, script);
    const [create = '', attach = '', , update = ''] = (await readFile(join(folder, 'calls'), 'utf8')).split(
      '\n',
    );
    const { Statement } = JSON.parse(create.slice(create.indexOf('{')));
    expect(Statement[0].Principal.Service).toBe('apigateway.amazonaws.com');
    expect(attach).toMatch(/AmazonAPIGatewayPushToCloudWatchLogs$/);
    expect(update).toMatch(/op=replace,path=\/cloudwatchRoleArn,value=arn:role$/);
  });

  test('put a secret that the gateway takes before those that were there, and take these out again', async () => {
    const [add = '', remove = ''] = page.code('Rotating secrets', 'sh');
    await run(functions, add);
    const [made = '', ...old] = (await readFile(join(folder, 'webhookSecrets'), 'utf8')).split(',');
    expect(old).toEqual(lists.webhookSecrets);
    for (const parse of [parseApiKey, parseSigningKey, parseUrlKey]) expect(parse(made).ok).toBe(true);
    await run(functions, add, remove);
    expect(await readFile(join(folder, 'webhookSecrets'), 'utf8')).toMatch(/^[0-9a-f]{64}$/);
  });
});
