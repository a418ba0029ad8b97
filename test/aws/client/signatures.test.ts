import {
  ApiGatewayManagementApiClient,
  DeleteConnectionCommand,
  PostToConnectionCommand,
} from '@aws-sdk/client-apigatewaymanagementapi';
import {
  DeleteItemCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ServiceKey } from '../../../functions/aws/client/service-key.ts';
import { Signer } from '../../../functions/aws/client/signer.ts';
import { SignedConnections } from '../../../functions/aws/connections/signed-connections.ts';
import { DynamoCalls, dynamoAccess, itemDialect } from '../../../functions/aws/dynamo/calls.ts';
import { DynamoTable } from '../../../functions/aws/dynamo/table.ts';
import { SqsTaskQueue } from '../../../functions/aws/queue/sqs-task-queue.ts';
import { secretsManager } from '../../../functions/aws/secrets-manager.ts';
import { socketIdFrom } from '../../../functions/wire/socket-id.ts';
import { ManualClock } from '../../fakes/manual-clock.ts';
import { RecordingLog } from '../../support/recording-log.ts';
import { type Recorded, RecordingService } from '../recording-service.ts';

const credentials = { accessKeyId: 'AKID', secretAccessKey: 'a/secret+key', sessionToken: 'a//token==' };
const region = 'eu-central-1';
const caller = { region, credentials };
const socket = socketIdFrom(Buffer.from('\0\xff\xfe12345678', 'latin1'));
const message = 'dr\u{1f600}i';

const service = new RecordingService({
  headers: { 'content-type': 'application/x-amz-json-1.0' },
  body: JSON.stringify({ SecretString: 'api-key-one-0123456789' }),
});
let address = '';
beforeAll(async () => {
  address = await service.listen();
});
afterAll(() => service.stop());

async function requestOf(call: () => Promise<unknown>): Promise<Recorded> {
  // What the SDK makes of the answer does not matter here.
  await call().catch(() => undefined);
  const request = service.requests.pop();
  if (request === undefined) throw new Error('There was no request.');
  return request;
}

/** The header that our signer makes for a request as it came, at the time that it says, of the headers that it signed. */
function signatureOf({ method, path, headers, body }: Recorded, name: string): string | undefined {
  const [, list = ''] = /SignedHeaders=([^,]+)/.exec(headers['authorization'] ?? '') ?? [];
  const own = ['host', 'x-amz-date', 'x-amz-security-token'];
  const signed = list
    .split(';')
    .filter((header) => !own.includes(header))
    .map((header) => [header, headers[header] ?? '']);
  const iso = (headers['x-amz-date'] ?? '').replace(/(\d{4})(\d\d)(\d\dT\d\d)(\d\d)/, '$1-$2-$3:$4:');
  const common = { host: headers['host'] ?? '', headers: Object.fromEntries(signed) };
  const clock = new ManualClock(Date.parse(iso));
  const key = new ServiceKey(credentials.secretAccessKey, { service: name, region });
  return new Signer(credentials, key, common, clock).sign({ method, path, body }).authorization;
}

/** What of a request matters to its service. */
function meaning({ method, path, headers, body }: Recorded) {
  return { method, path, body, type: headers['content-type'], target: headers['x-amz-target'] };
}

const ours = () => {
  const clock = new ManualClock(Date.now());
  return {
    clock,
    connections: new SignedConnections(`${address}/prod`, caller, clock),
    table: new DynamoTable(new DynamoCalls(dynamoAccess(address, caller, clock)(itemDialect)), 'sockets'),
    later: new SqsTaskQueue(
      {
        presence: undefined,
        batches: undefined,
        retries: undefined,
        deadRetries: undefined,
        url: 'https://sqs.example/1/tasks',
        endpoint: address,
      },
      caller,
      clock,
    ),
    secrets: secretsManager(
      {
        endpoint: address,
        arns: { apiKeys: 'arn:aws:secret', webhookSecrets: undefined, urlKeys: undefined },
      },
      caller,
      clock,
      new RecordingLog(),
    ),
  };
};
const sdk = () => ({ ...caller, endpoint: address, maxAttempts: 1 });
const task = { kind: 'flush', socket } as const;

const theirTable = () => new DynamoDBClient(sdk());
const item = { socket: { S: socket }, state: { S: message }, outbox: { L: [{ S: '' }] }, taken: { N: '0' } };
const place = { TableName: 'sockets', Key: { socket: { S: socket } } };
const condition = {
  ConditionExpression: 'attribute_not_exists(#socket)',
  ExpressionAttributeNames: { '#socket': 'socket' },
  ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
} as const;

const calls = [
  {
    name: 'an item to read',
    service: 'dynamodb',
    ours: () => ours().table.get(socket),
    theirs: () => theirTable().send(new GetItemCommand({ ...place, ConsistentRead: true })),
  },
  {
    name: 'an item to put',
    service: 'dynamodb',
    ours: () => ours().table.create(item),
    theirs: () => theirTable().send(new PutItemCommand({ TableName: 'sockets', Item: item, ...condition })),
  },
  {
    name: 'an item to change',
    service: 'dynamodb',
    ours: () =>
      ours().table.update(socket, {
        ...{ update: 'SET #state = :state', condition: '#status = :open', returnsItem: true },
        values: { ':state': { S: message }, ':open': { S: 'open' } },
      }),
    theirs: () =>
      theirTable().send(
        new UpdateItemCommand({
          ...{ ...place, ReturnValues: 'ALL_NEW' },
          ...{ UpdateExpression: 'SET #state = :state', ConditionExpression: '#status = :open' },
          ExpressionAttributeNames: { '#state': 'state', '#status': 'status' },
          ExpressionAttributeValues: { ':state': { S: message }, ':open': { S: 'open' } },
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        }),
      ),
  },
  {
    name: 'an item to delete',
    service: 'dynamodb',
    ours: () => ours().table.delete(socket),
    theirs: () => theirTable().send(new DeleteItemCommand({ ...place, ReturnValues: 'ALL_OLD' })),
  },
  {
    name: 'a post to a connection',
    service: 'execute-api',
    ours: () => ours().connections.post(socket, message),
    theirs: () =>
      new ApiGatewayManagementApiClient({ ...sdk(), endpoint: `${address}/prod` }).send(
        new PostToConnectionCommand({ ConnectionId: socket, Data: Buffer.from(message) }),
      ),
  },
  {
    name: 'the end of a connection',
    service: 'execute-api',
    ours: () => ours().connections.close(socket),
    theirs: () =>
      new ApiGatewayManagementApiClient({ ...sdk(), endpoint: `${address}/prod` }).send(
        new DeleteConnectionCommand({ ConnectionId: socket }),
      ),
  },
  {
    name: 'a task for the queue',
    service: 'sqs',
    ours: () => ours().later.enqueue(task, 1_500),
    theirs: () =>
      new SQSClient(sdk()).send(
        new SendMessageCommand({
          QueueUrl: 'https://sqs.example/1/tasks',
          MessageBody: JSON.stringify(task),
          DelaySeconds: 2,
        }),
      ),
  },
  {
    name: 'a secret to read',
    service: 'secretsmanager',
    ours: () => ours().secrets.apiKeys('cached'),
    theirs: () =>
      new SecretsManagerClient(sdk()).send(new GetSecretValueCommand({ SecretId: 'arn:aws:secret' })),
  },
];

describe.for(calls)('$name', ({ service: name, ours, theirs }) => {
  test('asks for what the SDK asks for', async () => {
    expect(meaning(await requestOf(ours))).toEqual(meaning(await requestOf(theirs)));
  });

  test("has the SDK's signature when our signer signs what the SDK sent", async () => {
    const sent = await requestOf(theirs);
    expect(signatureOf(sent, name)).toBe(sent.headers['authorization']);
  });

  test('is signed as it stands on the wire, with the token of the role', async () => {
    const sent = await requestOf(ours);
    expect(signatureOf(sent, name)).toBe(sent.headers['authorization']);
    expect(sent.headers['authorization']).toContain('host;x-amz-date;x-amz-security-token');
    expect(sent.headers['x-amz-security-token']).toBe('a//token==');
  });
});

test('the id of a connection ends in "=", which is escaped', async () => {
  expect((await requestOf(() => ours().connections.post(socket, 'x'))).path).toBe(
    `/prod/@connections/${socket.slice(0, -1)}%3D`,
  );
});

test('a token that no header can have is a fault at once, which does not repeat it', () => {
  const torn = { ...caller, credentials: { ...credentials, sessionToken: 'secret\ntoken' } };
  const make = () => new SignedConnections(address, torn, new ManualClock());
  expect(make).toThrow(/^A header can't be written: ERR_INVALID_CHAR\.$/);
});
