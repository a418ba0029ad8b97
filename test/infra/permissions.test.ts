import { Stack } from 'aws-cdk-lib';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { describe, expect, test } from 'vitest';
import { Sockethook } from '../../infra/aws/sockethook.ts';
import { quickApp, type Resource, Synthesised } from './synthesised.ts';

const stack = Synthesised.of();

const table = '<Sockets.Arn>';
const queue = '<Tasks.Arn>';
const connections = (method: string) =>
  `arn:<AWS::Partition>:execute-api:<AWS::Region>:<AWS::AccountId>:<WebSocketApi>/live/${method}/@connections/*`;
const secret = (name: string) => `secretsmanager:GetSecretValue on <${name}>`;
const on = (resource: string, service: string, ...actions: string[]) =>
  actions.map((action) => `${service}:${action} on ${resource}`);
const groups = (...actions: string[]) => on('<Groups.Arn>', 'dynamodb', ...actions);
const broadcasts = (...actions: string[]) => on('<Broadcasts.Arn>', 'dynamodb', ...actions);
const breaker = (...actions: string[]) => on('breaker#app of <Broadcasts.Arn>', 'dynamodb', ...actions);
const presences = (...actions: string[]) => on('presence#* of <Broadcasts.Arn>', 'dynamodb', ...actions);
const deadLetters = (...actions: string[]) => on('<DeadLetters.Arn>', 'dynamodb', ...actions);
const ended = (...actions: string[]) => on('ended#* of <DeadLetters.Arn>', 'dynamodb', ...actions);
const dynamo = (...actions: string[]) => on(table, 'dynamodb', ...actions);
const indexes = ['pathShard', 'user'].flatMap((name) => on(`${table}/index/${name}`, 'dynamodb', 'Query'));
const enqueues = on(queue, 'sqs', 'SendMessage');
const queuesBatches = on('<Batches.Arn>', 'sqs', 'SendMessage');
const retries = on('<Retries.Arn>', 'sqs', 'SendMessage');
/** What consumes a queue. */
const consumes = (of: string) =>
  on(of, 'sqs', 'ReceiveMessage', 'DeleteMessage', 'GetQueueAttributes', 'ChangeMessageVisibility');
const may = (...methods: string[]) =>
  methods.map((method) => `execute-api:ManageConnections on ${connections(method)}`);

/** All that each function may do, besides writing to its own log. */
const allowed: Record<string, string[]> = {
  connect: [
    ...dynamo('PutItem', 'GetItem', 'UpdateItem', 'DeleteItem'),
    ...groups('PutItem', 'DeleteItem'),
    ...breaker('GetItem', 'PutItem'),
    ...enqueues,
    secret('WebhookSecrets'),
    secret('UrlKeys'),
  ],
  default: [
    ...dynamo('GetItem', 'UpdateItem'),
    ...groups('PutItem', 'DeleteItem'),
    ...breaker('GetItem', 'PutItem'),
    ...deadLetters('PutItem'),
    ...ended('GetItem'),
    ...on('<DeadRetries.Arn>', 'sqs', 'SendMessage'),
    ...enqueues,
    ...retries,
    ...may('POST', 'DELETE'),
    secret('WebhookSecrets'),
  ],
  disconnect: [
    ...dynamo('GetItem', 'UpdateItem', 'DeleteItem'),
    ...groups('DeleteItem'),
    ...deadLetters('PutItem'),
    ...breaker('GetItem', 'PutItem'),
    ...enqueues,
    secret('WebhookSecrets'),
  ],
  send: [
    ...dynamo('GetItem', 'UpdateItem'),
    ...broadcasts('GetItem', 'PutItem', 'UpdateItem'),
    ...enqueues,
    ...may('POST'),
    secret('ApiKeys'),
  ],
  broadcast: [
    ...dynamo('GetItem', 'UpdateItem', 'Scan', 'BatchGetItem'),
    ...groups('Query', 'DeleteItem'),
    ...broadcasts('GetItem', 'PutItem', 'UpdateItem', 'Query'),
    ...indexes,
    ...enqueues,
    ...may('POST'),
    secret('ApiKeys'),
  ],
  urls: [secret('ApiKeys'), secret('UrlKeys')],
  sockets: [
    ...dynamo('GetItem', 'UpdateItem', 'Scan', 'BatchGetItem'),
    ...groups('Query', 'DeleteItem'),
    ...indexes,
    ...enqueues,
    ...may('DELETE'),
    secret('ApiKeys'),
  ],
  groups: [
    ...dynamo('GetItem', 'UpdateItem', 'BatchGetItem'),
    ...groups('Query', 'PutItem', 'DeleteItem'),
    secret('ApiKeys'),
  ],
  deadletters: [...deadLetters('GetItem', 'Query', 'DeleteItem'), ...enqueues, ...retries, secret('ApiKeys')],
  health: breaker('GetItem'),
  tasks: [
    ...dynamo('GetItem', 'UpdateItem', 'DeleteItem', 'Scan', 'BatchGetItem'),
    ...groups('Query', 'DeleteItem'),
    ...broadcasts('GetItem', 'PutItem', 'UpdateItem'),
    ...deadLetters('GetItem', 'PutItem', 'Query', 'DeleteItem'),
    ...indexes,
    ...breaker('GetItem', 'PutItem'),
    ...enqueues,
    ...consumes(queue),
    ...queuesBatches,
    ...retries,
    ...may('POST', 'DELETE'),
    secret('WebhookSecrets'),
  ],
  batches: [
    ...dynamo('GetItem', 'UpdateItem'),
    ...broadcasts('GetItem', 'UpdateItem'),
    ...enqueues,
    ...queuesBatches,
    ...consumes('<Batches.Arn>'),
    ...may('POST'),
  ],
  retries: [
    ...dynamo('GetItem', 'UpdateItem'),
    ...groups('PutItem', 'DeleteItem'),
    ...deadLetters('PutItem'),
    ...breaker('GetItem', 'PutItem'),
    ...enqueues,
    ...retries,
    ...consumes('<Retries.Arn>'),
    ...may('POST', 'DELETE'),
    secret('WebhookSecrets'),
  ],
  redrive: [
    ...dynamo('GetItem'),
    ...deadLetters('PutItem'),
    ...ended('GetItem'),
    ...consumes('<DeadRetries.Arn>'),
  ],
  sweep: [...dynamo('GetItem', 'UpdateItem', 'Scan'), ...enqueues, ...may('GET')],
};

interface Statement {
  readonly Effect: string;
  readonly Action: string | string[];
  readonly Resource: unknown;
  readonly Condition?: unknown;
}

/** Every permission of a function as `action on resource`. */
function permissionsOf(name: string, of = stack): string[] {
  const role = of.one('AWS::IAM::Role', `Functions${name}Role`);
  expect(role.Properties['ManagedPolicyArns']).toBeUndefined();
  const policies = role.Properties['Policies'] as Resource['Properties'][];
  return policies.flatMap((policy) => linesOf(policy, of));
}

function linesOf(policy: Resource['Properties'], of: Synthesised): string[] {
  const { Statement } = policy['PolicyDocument'] as { Statement: Statement[] };
  return Statement.flatMap(({ Effect, Action, Resource, Condition }) => {
    expect(Effect).toBe('Allow');
    const resources = [Resource].flat();
    const item = Condition === undefined ? '' : `${itemIn(Condition)} of `;
    return [Action]
      .flat()
      .flatMap((action) => resources.map((each) => `${action} on ${item}${of.line(each)}`));
  });
}

/** The partition keys, perhaps as a pattern, that a statement is limited to. */
function itemIn(condition: unknown): string {
  expect(condition).toEqual({
    'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': [expect.any(String)] },
  });
  const [keys] = Object.values(condition as Record<string, { 'dynamodb:LeadingKeys': string[] }>);
  return keys?.['dynamodb:LeadingKeys'].join() ?? '';
}

describe('what a function may do', () => {
  test('every function is in the table', () => {
    const functions = stack
      .all('AWS::Lambda::Function')
      .map(([id]) => /Functions(\w+)Function/.exec(id)?.[1]);
    expect(functions.sort()).toEqual(Object.keys(allowed).sort());
  });

  test.for(Object.keys(allowed))('%s may do what it needs, and nothing else', (name) => {
    const log = on(`<Functions${name}Log.Arn>`, 'logs', 'CreateLogStream', 'PutLogEvents');
    expect(permissionsOf(name).sort()).toEqual([...log, ...(allowed[name] ?? [])].sort());
  });

  test('where IAM lets callers in, no function may read the keys', () => {
    const byIam = Synthesised.of({ apiAuth: 'iam' });
    for (const name of ['send', 'broadcast', 'urls', 'sockets', 'groups', 'deadletters']) {
      const without = permissionsOf(name).filter((line) => line !== secret('ApiKeys'));
      expect(permissionsOf(name, byIam).sort()).toEqual(without.sort());
      expect(without).not.toEqual(permissionsOf(name));
    }
  });

  test('where the app wants to hear who comes and goes, those may note it and queue a look that can change a group', () => {
    const telling = Synthesised.of({ hooks: 'message,joined,left' });
    const looks = on('<Presence.Arn>', 'sqs', 'SendMessage');
    for (const name of ['connect', 'default', 'disconnect', 'groups', 'retries']) {
      // It may be run twice, and the closed hook comes again.
      const reads = name === 'disconnect' ? presences('GetItem') : [];
      const more = [...permissionsOf(name), ...presences('UpdateItem'), ...reads, ...looks];
      expect(permissionsOf(name, telling).sort(), name).toEqual(more.sort());
    }
    const more = [...permissionsOf('tasks'), ...looks, ...consumes('<Presence.Arn>')];
    expect(permissionsOf('tasks', telling).sort(), 'tasks').toEqual(more.sort());
    const others = ['send', 'broadcast', 'urls', 'sockets', 'deadletters', 'health'];
    for (const name of [...others, 'batches', 'sweep', 'redrive'])
      expect(permissionsOf(name, telling), name).toEqual(permissionsOf(name));
  });

  test('whom calls are granted to may make them, and nothing else', () => {
    const scope = new Stack(quickApp(), 'Test');
    const gateway = new Sockethook(scope, 'Gateway', {
      webhookBaseUrl: 'https://app.example/',
      apiAuth: 'iam',
    });
    gateway.grantCalls(new Role(scope, 'App', { assumedBy: new ServicePrincipal('ec2.amazonaws.com') }));
    const set = new Synthesised(scope);
    const policy = set.one('AWS::IAM::Policy', 'AppDefaultPolicy').Properties;
    const api = 'arn:<AWS::Partition>:execute-api:<AWS::Region>:<AWS::AccountId>:<HttpApi>/*';
    const socket = '/sockets/*';
    expect(linesOf(policy, set).sort()).toEqual(
      [
        ...['POST/send', 'POST/broadcast', 'POST/urls', 'GET/sockets', 'HEAD/sockets'],
        ...['GET', 'HEAD', 'PUT', 'DELETE'].map((method) => `${method}/groups/*`),
        ...['GET', 'HEAD', 'DELETE'].map((method) => `${method}/broadcasts/*`),
        ...['GET/dead-letters', 'HEAD/dead-letters', 'POST/dead-letters/replay', 'POST/dead-letters/*'],
        ...['GET', 'HEAD', 'DELETE'].map((method) => `${method}/dead-letters/*`),
        ...[`GET${socket}`, `HEAD${socket}`, `DELETE${socket}`],
      ]
        .map((call) => `execute-api:Invoke on ${api}/${call}`)
        .sort(),
    );
  });

  test('calls can’t be granted where a key lets callers in', () => {
    const scope = new Stack(quickApp(), 'Test');
    const gateway = new Sockethook(scope, 'Gateway', { webhookBaseUrl: 'https://app.example/' });
    const app = new Role(scope, 'App', { assumedBy: new ServicePrincipal('ec2.amazonaws.com') });
    expect(() => gateway.grantCalls(app)).toThrow('grantCalls needs apiAuth "iam"');
  });

  test('where messages are queued, API Gateway may invoke their function, and do nothing else', () => {
    const set = Synthesised.of({ messageInvocation: 'event' });
    const others = new Set(stack.all('AWS::IAM::Role').map(([id]) => id));
    const added = set.all('AWS::IAM::Role').filter(([id]) => !others.has(id));
    expect(added).toHaveLength(1);
    const { Properties } = set.one('AWS::IAM::Role', 'MessageInvoker');
    expect(JSON.stringify(Properties['AssumeRolePolicyDocument'])).toContain('apigateway.amazonaws.com');
    expect(Properties['ManagedPolicyArns']).toBeUndefined();
    const policies = Properties['Policies'] as Resource['Properties'][];
    expect(policies.flatMap((policy) => linesOf(policy, set))).toEqual([
      'lambda:InvokeFunction on <FunctionsdefaultFunction.Arn>',
    ]);
    for (const name of Object.keys(allowed)) expect(permissionsOf(name, set)).toEqual(permissionsOf(name));
  });

  test('a role has no policy but the one that is written with it', () => {
    expect(stack.all('AWS::IAM::Policy')).toEqual([]);
    expect(stack.all('AWS::IAM::ManagedPolicy')).toEqual([]);
    expect(stack.all('AWS::IAM::Role')).toHaveLength(Object.keys(allowed).length);
  });

  test('with tracing, each may tell X-Ray what it did, and nothing else is added', () => {
    const traced = Synthesised.of({ tracing: true });
    const added = traced.all('AWS::IAM::Policy').map(([, { Properties }]) => Properties);
    const xray = on('*', 'xray', 'PutTelemetryRecords', 'PutTraceSegments');
    expect(added.map((policy) => linesOf(policy, traced).sort())).toEqual(
      Object.keys(allowed).map(() => xray),
    );
    expect(added.map(({ Roles }) => traced.line((Roles as unknown[])[0])).sort()).toEqual(
      Object.keys(allowed)
        .map((name) => `<Functions${name}Role>`)
        .sort(),
    );
    for (const name of Object.keys(allowed)) {
      expect(permissionsOf(name, traced)).toEqual(permissionsOf(name));
    }
    expect(traced.all('AWS::IAM::ManagedPolicy')).toEqual([]);
  });

  test('a wildcard stands only where a name is known only later: ids of connections and of ended sockets', () => {
    const wild = Object.keys(allowed)
      .flatMap((name) => permissionsOf(name))
      .filter((permission) => permission.includes('*'))
      .map((permission) => permission.replace(/.* on /, '').replace(/(POST|GET|DELETE)/, 'METHOD'));
    expect([...new Set(wild)]).toEqual(['ended#* of <DeadLetters.Arn>', connections('METHOD')]);
  });

  test('whoever does not use TLS gets nothing from any queue', () => {
    expect(stack.all('AWS::SQS::QueuePolicy')).toHaveLength(6);
    const policies = Synthesised.of({ hooks: 'joined,left' }).all('AWS::SQS::QueuePolicy');
    expect(policies, 'with presence').toHaveLength(8);
    for (const [, { Properties }] of policies) {
      const { Statement } = Properties['PolicyDocument'] as { Statement: Statement[] };
      expect(Statement).toHaveLength(1);
      expect(Statement[0]).toMatchObject({
        Effect: 'Deny',
        Action: 'sqs:*',
        Condition: { Bool: { 'aws:SecureTransport': 'false' } },
      });
    }
  });
});
