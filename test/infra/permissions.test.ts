import { describe, expect, test } from 'vitest';
import { Synthesised } from './synthesised.ts';

const stack = Synthesised.of();

const table = '<Sockets.Arn>';
const queue = '<Tasks.Arn>';
const connections = (method: string) =>
  `arn:<AWS::Partition>:execute-api:<AWS::Region>:<AWS::AccountId>:<WebSocketApi>/live/${method}/@connections/*`;
const secret = (name: string) => `secretsmanager:GetSecretValue on <${name}>`;
const on = (resource: string, service: string, ...actions: string[]) =>
  actions.map((action) => `${service}:${action} on ${resource}`);
const dynamo = (...actions: string[]) => on(table, 'dynamodb', ...actions);
const indexes = ['pathShard', 'user'].flatMap((name) => on(`${table}/index/${name}`, 'dynamodb', 'Query'));
const enqueues = on(queue, 'sqs', 'SendMessage');
const may = (...methods: string[]) =>
  methods.map((method) => `execute-api:ManageConnections on ${connections(method)}`);

/** All that each function may do, besides writing to its own log. */
const allowed: Record<string, string[]> = {
  connect: [
    ...dynamo('PutItem', 'GetItem', 'UpdateItem', 'DeleteItem'),
    ...enqueues,
    secret('WebhookSecrets'),
    secret('UrlKeys'),
  ],
  default: [
    ...dynamo('GetItem', 'UpdateItem'),
    ...enqueues,
    ...may('POST', 'DELETE'),
    secret('WebhookSecrets'),
  ],
  disconnect: [...dynamo('GetItem', 'UpdateItem', 'DeleteItem'), ...enqueues, secret('WebhookSecrets')],
  send: [...dynamo('GetItem', 'UpdateItem'), ...enqueues, ...may('POST'), secret('ApiKeys')],
  broadcast: [
    ...dynamo('GetItem', 'UpdateItem', 'Scan', 'BatchGetItem'),
    ...indexes,
    ...enqueues,
    ...may('POST'),
    secret('ApiKeys'),
  ],
  urls: [secret('ApiKeys'), secret('UrlKeys')],
  sockets: [
    ...dynamo('GetItem', 'UpdateItem', 'Scan', 'BatchGetItem'),
    ...indexes,
    ...enqueues,
    ...may('DELETE'),
    secret('ApiKeys'),
  ],
  health: [],
  deliver: [
    ...dynamo('GetItem', 'UpdateItem', 'DeleteItem', 'Scan', 'BatchGetItem'),
    ...indexes,
    ...on(queue, 'sqs', 'SendMessage', 'ReceiveMessage', 'DeleteMessage', 'GetQueueAttributes'),
    ...may('POST', 'DELETE'),
    secret('WebhookSecrets'),
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
function permissionsOf(name: string): string[] {
  const role = stack.one('AWS::IAM::Role', `Functions${name}Role`);
  expect(role.Properties['ManagedPolicyArns']).toBeUndefined();
  const policies = role.Properties['Policies'] as { PolicyDocument: { Statement: Statement[] } }[];
  return policies.flatMap(({ PolicyDocument }) =>
    PolicyDocument.Statement.flatMap(({ Effect, Action, Resource }) => {
      expect(Effect).toBe('Allow');
      const resources = [Resource].flat();
      return [Action].flat().flatMap((action) => resources.map((each) => `${action} on ${stack.line(each)}`));
    }),
  );
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

  test('a role has no policy but the one that is written with it', () => {
    expect(stack.all('AWS::IAM::Policy')).toEqual([]);
    expect(stack.all('AWS::IAM::ManagedPolicy')).toEqual([]);
    expect(stack.all('AWS::IAM::Role')).toHaveLength(Object.keys(allowed).length);
  });

  test('a wildcard stands only where AWS makes the names later: the ids of connections', () => {
    const wild = Object.keys(allowed)
      .flatMap(permissionsOf)
      .filter((permission) => permission.includes('*'))
      .map((permission) => permission.replace(/.* on /, '').replace(/(POST|GET|DELETE)/, 'METHOD'));
    expect([...new Set(wild)]).toEqual([connections('METHOD')]);
  });

  test('whoever does not use TLS gets nothing from either queue', () => {
    expect(stack.all('AWS::SQS::QueuePolicy')).toHaveLength(2);
    for (const [, { Properties }] of stack.all('AWS::SQS::QueuePolicy')) {
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
