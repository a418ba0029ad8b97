import { describe, expect, test } from 'vitest';
import { maxReceives } from '../../functions/aws/handlers/queue-handler.ts';
import { Synthesised } from './synthesised.ts';

const stack = Synthesised.of();
/** Of an app that wants to hear of presence. */
const telling = Synthesised.of({ hooks: 'message,joined,left' });

/** Which function each route of an API calls; what is not a function is told by its kind. */
function routesOf(api: string, of = stack): Record<string, string> {
  const integrations = new Map(of.all('AWS::ApiGatewayV2::Integration'));
  const routes = of
    .all('AWS::ApiGatewayV2::Route')
    .filter(([, { Properties }]) => of.line(Properties['ApiId']) === `<${api}>`);
  return Object.fromEntries(
    routes.map(([, { Properties }]) => {
      const target = JSON.stringify(Properties['Target']);
      const [, integration] = [...integrations].find(([id]) => target.includes(id)) ?? [];
      const uri = of.line(integration?.Properties['IntegrationUri']);
      const name = /<Functions(\w+)Function\.Arn>/.exec(uri)?.[1];
      return [String(Properties['RouteKey']), name ?? String(integration?.Properties['IntegrationType'])];
    }),
  );
}

/** The routes whose answers go to the client. */
function answeredRoutes(of: Synthesised): string[] {
  const responses = of.all('AWS::ApiGatewayV2::RouteResponse');
  return responses.map(([, { Properties }]) => of.line(Properties['RouteId'])).sort();
}

describe('the WebSocket API', () => {
  test('every event has its function, and a ping has none', () => {
    expect(routesOf('WebSocketApi')).toEqual({
      $connect: 'connect',
      $default: 'default',
      $disconnect: 'disconnect',
      ping: 'MOCK',
    });
    expect(stack.one('AWS::ApiGatewayV2::Api', 'WebSocket').Properties).toMatchObject({
      ProtocolType: 'WEBSOCKET',
      RouteSelectionExpression: '$request.body.sockethook',
    });
  });

  test('API Gateway itself answers a ping with a pong', () => {
    const mocks = stack
      .all('AWS::ApiGatewayV2::Integration')
      .filter(([, { Properties }]) => Properties['IntegrationType'] === 'MOCK');
    expect(mocks.map(([, { Properties }]) => Properties)).toMatchObject([
      { TemplateSelectionExpression: '\\$default', RequestTemplates: { $default: '{"statusCode":200}' } },
    ]);
    const [[, response] = [], ...others] = stack.all('AWS::ApiGatewayV2::IntegrationResponse');
    expect(others).toEqual([]);
    expect(response?.Properties).toMatchObject({
      IntegrationResponseKey: '$default',
      TemplateSelectionExpression: '\\$default',
      ResponseTemplates: { $default: '{"sockethook":"pong"}' },
    });
    expect(stack.line(response?.Properties['IntegrationId'])).toBe('<WebSocketApipingRoutePing>');
  });

  test('no answer of a function travels back to a client, and the functions know', () => {
    expect(answeredRoutes(stack)).toEqual(['<WebSocketApipingRoute>']);
    expect(environmentOf('default')['REPLY_BY']).toBe('post');
  });

  test('where replies travel by the route, only the answer to a message does, and the functions know', () => {
    const routed = Synthesised.of({ replyBy: 'route' });
    expect(answeredRoutes(routed)).toEqual(['<WebSocketApidefaultRoute>', '<WebSocketApipingRoute>']);
    expect(environmentOf('default', routed)['REPLY_BY']).toBe('route');
    const answering = routed
      .all('AWS::ApiGatewayV2::Route')
      .filter(([, { Properties }]) => Properties['RouteResponseSelectionExpression'] !== undefined);
    expect(answering.map(([, { Properties }]) => Properties['RouteKey'])).toEqual(['$default', 'ping']);
  });

  test('where messages are queued, their function is invoked as an event, with what the template makes of a message', () => {
    const set = Synthesised.of({ messageInvocation: 'event' });
    expect(routesOf('WebSocketApi', set)).toEqual(routesOf('WebSocketApi'));
    const { Properties } = set.one('AWS::ApiGatewayV2::Integration', 'QueuedMessageHandler');
    expect(set.line(Properties['IntegrationUri'])).toBe(
      'arn:<AWS::Partition>:apigateway:<AWS::Region>:lambda:path/2015-03-31/functions/<FunctionsdefaultFunction.Arn>/invocations',
    );
    expect(set.line(Properties['CredentialsArn'])).toBe('<WebSocketApiMessageInvoker.Arn>');
    expect(Properties).toMatchObject({
      IntegrationType: 'AWS',
      IntegrationMethod: 'POST',
      PassthroughBehavior: 'NEVER',
      RequestParameters: { 'integration.request.header.X-Amz-Invocation-Type': "'Event'" },
      TemplateSelectionExpression: '\\$default',
      RequestTemplates: {
        $default:
          '{"invocationType":"Event","body":"$util.base64Encode($input.body)","isBase64Encoded":true,' +
          '"requestContext":{"eventType":"$context.eventType","connectionId":"$context.connectionId",' +
          '"messageId":"$context.messageId","requestId":"$context.requestId",' +
          '"requestTimeEpoch":"$context.requestTimeEpoch"}}',
      },
    });
    expect(environmentOf('default', set)['MESSAGE_INVOCATION']).toBe('event');
    expect(answeredRoutes(set)).toEqual(['<WebSocketApipingRoute>']);
  });

  test('messages are queued only once the functions that end sockets keep what late ones need', () => {
    const set = Synthesised.of({ messageInvocation: 'event' });
    const { DependsOn = [] } = set.one('AWS::ApiGatewayV2::Integration', 'QueuedMessageHandler');
    for (const name of ['disconnect', 'tasks']) expect(DependsOn).toContain(set.lambda(name).id);
  });

  test('API Gateway waits for the function of a message unless messages are queued', () => {
    const types = stack.all('AWS::ApiGatewayV2::Integration').map(([, { Properties }]) => Properties);
    expect(types.filter(({ IntegrationType }) => IntegrationType === 'AWS')).toEqual([]);
    expect(environmentOf('default')['MESSAGE_INVOCATION']).toBe('request');
  });

  test.for(['request', 'event'])(
    'with %s, what Lambda still has of messages is kept as long as it can be, and then handed to those that keep it',
    (messageInvocation) => {
      const set = Synthesised.of({ messageInvocation });
      const { Properties } = set.one('AWS::Lambda::EventInvokeConfig', 'default');
      expect(Properties).toMatchObject({ MaximumEventAgeInSeconds: 21_600, MaximumRetryAttempts: 2 });
      const { OnFailure, ...others } = Properties['DestinationConfig'] as Record<
        string,
        { Destination: unknown }
      >;
      expect([set.line(OnFailure?.Destination), others]).toEqual(['<DeadRetries.Arn>', {}]);
      const { EventSourceArn, FunctionName } = set.one(
        'AWS::Lambda::EventSourceMapping',
        'RedriveWork',
      ).Properties;
      expect([set.line(EventSourceArn), set.line(FunctionName)]).toEqual([
        '<DeadRetries.Arn>',
        '<FunctionsredriveFunction>',
      ]);
    },
  );

  test('the stage is made after its routes, so that its first deployment has them', () => {
    const { DependsOn = [] } = stack.one('AWS::ApiGatewayV2::Stage', 'WebSocket');
    const routes = stack.all('AWS::ApiGatewayV2::Route').map(([id]) => id);
    const own = routes.filter((id) => id.includes('WebSocketApi'));
    expect(own).toHaveLength(4);
    expect(DependsOn).toEqual(expect.arrayContaining(own));
  });
});

describe('the HTTP API', () => {
  test('every call has its function, and what is no call is answered as a problem', () => {
    expect(routesOf('HttpApi')).toEqual({
      'POST /send': 'send',
      'POST /broadcast': 'broadcast',
      'GET /broadcasts/{broadcast}': 'broadcast',
      'HEAD /broadcasts/{broadcast}': 'broadcast',
      'DELETE /broadcasts/{broadcast}': 'broadcast',
      'POST /urls': 'urls',
      'GET /sockets': 'sockets',
      'HEAD /sockets': 'sockets',
      'GET /sockets/{socket}': 'sockets',
      'HEAD /sockets/{socket}': 'sockets',
      'DELETE /sockets/{socket}': 'sockets',
      'GET /health': 'health',
      'HEAD /health': 'health',
      'GET /openapi.json': 'health',
      'HEAD /openapi.json': 'health',
      'GET /asyncapi.json': 'health',
      'HEAD /asyncapi.json': 'health',
      'GET /groups/{group}': 'groups',
      'HEAD /groups/{group}': 'groups',
      'GET /groups/{group}/sockets': 'groups',
      'HEAD /groups/{group}/sockets': 'groups',
      'GET /groups/{group}/users': 'groups',
      'HEAD /groups/{group}/users': 'groups',
      'PUT /groups/{group}/sockets/{socket}': 'groups',
      'DELETE /groups/{group}/sockets/{socket}': 'groups',
      'GET /dead-letters': 'deadletters',
      'HEAD /dead-letters': 'deadletters',
      'POST /dead-letters/replay': 'deadletters',
      'GET /dead-letters/{deadLetter}': 'deadletters',
      'HEAD /dead-letters/{deadLetter}': 'deadletters',
      'DELETE /dead-letters/{deadLetter}': 'deadletters',
      'POST /dead-letters/{deadLetter}/replay': 'deadletters',
      $default: 'health',
    });
  });

  test('API Gateway asks IAM of every call but those that anybody may make, where it is told to', () => {
    const types = (of: Synthesised): Record<string, unknown> => {
      const routes = of.all('AWS::ApiGatewayV2::Route').map(([, { Properties }]) => Properties);
      const http = routes.filter(({ ApiId }) => of.line(ApiId) === '<HttpApi>');
      return Object.fromEntries(
        http.map(({ RouteKey, AuthorizationType: type }) => [RouteKey, type ?? 'NONE']),
      );
    };
    const asked = Object.entries(types(Synthesised.of({ apiAuth: 'iam' })));
    expect(
      asked
        .filter(([, type]) => type !== 'AWS_IAM')
        .map(([key]) => key)
        .sort(),
    ).toEqual([
      '$default',
      'GET /asyncapi.json',
      'GET /health',
      'GET /openapi.json',
      'HEAD /asyncapi.json',
      'HEAD /health',
      'HEAD /openapi.json',
    ]);
    expect(asked).toHaveLength(33);
    expect(new Set(Object.values(types(stack)))).toEqual(new Set(['NONE']));
  });

  test('both stages are deployed as they change, and bounded', () => {
    const bounded = Synthesised.of({ requestRate: 7, requestBurst: 3 });
    for (const [, { Properties }] of bounded.all('AWS::ApiGatewayV2::Stage')) {
      expect(Properties).toMatchObject({
        AutoDeploy: true,
        DefaultRouteSettings: { ThrottlingRateLimit: 7, ThrottlingBurstLimit: 3 },
      });
    }
    expect(bounded.all('AWS::ApiGatewayV2::Stage')).toHaveLength(2);
  });

  test('access logs are written only if they are asked for, and have no query, where a ticket would be', () => {
    const logged = Synthesised.of({ accessLogs: 'true' }).all('AWS::ApiGatewayV2::Stage');
    for (const [, { Properties }] of stack.all('AWS::ApiGatewayV2::Stage')) {
      expect(Properties['AccessLogSettings']).toBeUndefined();
    }
    for (const [, { Properties }] of logged) {
      const { Format } = Properties['AccessLogSettings'] as { Format: string };
      // The query may have the name of a group too, and so may the path.
      expect(Format).not.toMatch(/query|authorizer|context\.path|rawPath/i);
    }
    expect(logged).toHaveLength(2);
  });
});

describe('the functions', () => {
  test('all run on arm64 and Node.js 24, from an ES module', () => {
    for (const [, { Properties }] of stack.all('AWS::Lambda::Function')) {
      expect(Properties).toMatchObject({
        Runtime: 'nodejs24.x',
        Architectures: ['arm64'],
        Handler: 'index.handler',
      });
      expect(Properties['TracingConfig']).toBeUndefined();
      expect(Properties['ReservedConcurrentExecutions']).toBeUndefined();
    }
  });

  test('memory, tracing and concurrency are as they are set', () => {
    const set = Synthesised.of({
      memoryMb: 1024,
      tracing: 'true',
      connectConcurrency: 5,
      messageConcurrency: 50,
    });
    const reserved = set
      .all('AWS::Lambda::Function')
      .filter(([, { Properties }]) => 'ReservedConcurrentExecutions' in Properties);
    expect(reserved).toHaveLength(2);
    expect(set.lambda('connect').Properties['ReservedConcurrentExecutions']).toBe(5);
    expect(set.lambda('default').Properties['ReservedConcurrentExecutions']).toBe(50);
    expect(set.lambda('health').Properties).toMatchObject({
      MemorySize: 1024,
      TracingConfig: { Mode: 'Active' },
    });
  });

  test('each has a log of its own, kept for a while', () => {
    const logs = Synthesised.of({ logRetentionDays: '7' }).all('AWS::Logs::LogGroup');
    expect(logs).toHaveLength(15);
    for (const [, { Properties }] of logs) expect(Properties['RetentionInDays']).toBe(7);
    for (const [id, { Properties }] of stack.all('AWS::Lambda::Function')) {
      const name = /Functions(\w+)Function/.exec(id)?.[1];
      const { LogGroup } = Properties['LoggingConfig'] as { LogGroup: unknown };
      expect(stack.line(LogGroup)).toBe(`<Functions${name}Log>`);
    }
  });

  test('work that is put off again and again is no loop that Lambda would end', () => {
    const names = ['tasks', 'batches', 'retries'];
    for (const name of names)
      expect([name, stack.lambda(name).Properties['RecursiveLoop']]).toEqual([name, 'Allow']);
    const others = stack
      .all('AWS::Lambda::Function')
      .filter(([id]) => !names.some((name) => id.includes(`Functions${name}Function`)));
    expect(others).toHaveLength(12);
    for (const [, { Properties }] of others) expect(Properties['RecursiveLoop']).toBeUndefined();
  });

  test('every function that its own queues may hand its work back to allows that', () => {
    const line = (value: unknown): string => telling.line(value);
    const mappings = telling.all('AWS::Lambda::EventSourceMapping').map(([, { Properties }]) => ({
      queue: line(Properties['EventSourceArn']),
      name: /<Functions(\w+)Function>/.exec(line(Properties['FunctionName']))?.[1] ?? '',
    }));
    expect(mappings.map(({ name }) => name).sort()).toEqual([
      ...['batches', 'redrive', 'retries', 'tasks', 'tasks'],
    ]);
    const sends = (name: string): string[] => {
      const policies = JSON.stringify(
        telling.one('AWS::IAM::Role', `Functions${name}Role`).Properties['Policies'],
      );
      const statements = JSON.parse(policies)[0].PolicyDocument.Statement as Record<string, unknown>[];
      return statements
        .filter(({ Action }) => [Action].flat().includes('sqs:SendMessage'))
        .flatMap(({ Resource }) => [Resource].flat().map(line));
    };
    /** The functions that a function's messages may come to. */
    const next = (name: string): string[] =>
      mappings.filter(({ queue }) => sends(name).includes(queue)).map((mapping) => mapping.name);
    const reached = (name: string): Set<string> => {
      const all = new Set(next(name));
      for (const each of all) for (const one of next(each)) all.add(one);
      return all;
    };
    const looping = mappings.map(({ name }) => name).filter((name) => reached(name).has(name));
    expect(looping.sort()).toEqual(['batches', 'retries', 'tasks', 'tasks']);
    for (const name of looping)
      expect([name, telling.lambda(name).Properties['RecursiveLoop']]).toEqual([name, 'Allow']);
  });

  test('retries have workers of their own, so that hooks that time out hold up nothing else', () => {
    const work = (id: string, of = stack) => of.one('AWS::Lambda::EventSourceMapping', id).Properties;
    expect(work('RetryWork')).toMatchObject({ BatchSize: 10, ScalingConfig: { MaximumConcurrency: 10 } });
    expect(work('RedriveWork')).toMatchObject({ BatchSize: 10, ScalingConfig: { MaximumConcurrency: 2 } });
    const set = Synthesised.of({ retryConcurrency: 50 });
    expect(work('RetryWork', set)).toMatchObject({ ScalingConfig: { MaximumConcurrency: 50 } });
    for (const id of ['RetryWork', 'RedriveWork'])
      expect(work(id)['FunctionResponseTypes']).toEqual(['ReportBatchItemFailures']);
  });

  test.for([
    [2, 2, 2],
    [3, 2, 2],
    [4, 2, 2],
    [11, 6, 5],
    [1_000, 500, 500],
  ])(
    'of %i batches of tasks at once %i are left to others if %i are of presence',
    ([all, tasks, presence]) => {
      const set = Synthesised.of({ hooks: 'joined,left', taskConcurrency: all });
      const most = (id: string, of = set) =>
        of.one('AWS::Lambda::EventSourceMapping', id).Properties['ScalingConfig'];
      expect([most('GatewayWork'), most('PresenceWork')]).toEqual([
        { MaximumConcurrency: tasks },
        { MaximumConcurrency: presence },
      ]);
      const without = Synthesised.of({ taskConcurrency: all });
      expect(most('GatewayWork', without), 'without presence').toEqual({ MaximumConcurrency: all });
    },
  );

  test('looks at who is in groups are worked off as tasks are, by the same function', () => {
    const work = (id: string) => telling.one('AWS::Lambda::EventSourceMapping', id).Properties;
    const { EventSourceArn, FunctionName, ...looks } = work('PresenceWork');
    const { EventSourceArn: tasks, FunctionName: same, ...others } = work('GatewayWork');
    expect([telling.line(EventSourceArn), telling.line(tasks)]).toEqual(['<Presence.Arn>', '<Tasks.Arn>']);
    expect([FunctionName, looks]).toEqual([same, others]);
  });

  test('those know the queue of presence that queue or run a look, where the app wants to hear of it', () => {
    const know = (of: Synthesised): string[] => {
      const ids = of.all('AWS::Lambda::Function').map(([id]) => id);
      const names = ids.map((id) => /Functions(\w+)Function/.exec(id)?.[1] ?? '');
      return names.filter((name) => 'PRESENCE_QUEUE_URL' in environmentOf(name, of)).sort();
    };
    expect(know(stack)).toEqual([]);
    expect(know(telling)).toEqual(['connect', 'default', 'disconnect', 'groups', 'retries', 'tasks']);
    expect(telling.line(environmentOf('tasks', telling)['PRESENCE_QUEUE_URL'])).toBe('<Presence>');
  });

  test('only those that have to do with them know the tables and queues that not all use', () => {
    const names = stack
      .all('AWS::Lambda::Function')
      .map(([id]) => /Functions(\w+)Function/.exec(id)?.[1] ?? '');
    const know = (variable: string) => names.filter((name) => variable in environmentOf(name)).sort();
    const breaking = ['connect', 'default', 'disconnect', 'health', 'retries', 'tasks'];
    expect(know('BROADCASTS_TABLE_NAME')).toEqual(['batches', 'broadcast', 'send', ...breaking].sort());
    expect('BROADCASTS_TABLE_NAME' in environmentOf('groups', telling), 'groups, with presence').toBe(true);
    expect(know('BATCH_QUEUE_URL')).toEqual(['batches', 'tasks']);
    const keeping = ['deadletters', 'default', 'disconnect', 'redrive', 'retries', 'tasks'];
    expect(know('DEAD_LETTERS_TABLE_NAME')).toEqual(keeping);
    expect(know('RETRY_QUEUE_URL')).toEqual(['deadletters', 'default', 'retries', 'tasks']);
    expect(know('DEAD_RETRY_QUEUE_URL')).toEqual(['redrive']);
    const { DEAD_LETTERS_TABLE_NAME, RETRY_QUEUE_URL } = environmentOf('retries');
    const dead = environmentOf('redrive')['DEAD_RETRY_QUEUE_URL'];
    expect([DEAD_LETTERS_TABLE_NAME, RETRY_QUEUE_URL, dead].map((value) => stack.line(value))).toEqual([
      '<DeadLetters>',
      '<Retries>',
      '<DeadRetries>',
    ]);
    const { BROADCASTS_TABLE_NAME, BATCH_QUEUE_URL } = environmentOf('batches');
    expect([BROADCASTS_TABLE_NAME, BATCH_QUEUE_URL].map((value) => stack.line(value))).toEqual([
      '<Broadcasts>',
      '<Batches>',
    ]);
  });

  test('each knows the secrets that it may read, and no other', () => {
    const told = (name: string, of = stack) =>
      Object.keys(environmentOf(name, of)).filter((variable) => variable.endsWith('_SECRET'));
    expect(told('connect')).toEqual(['WEBHOOK_SECRETS_SECRET', 'URL_KEYS_SECRET']);
    expect(told('default')).toEqual(['WEBHOOK_SECRETS_SECRET']);
    expect(told('send')).toEqual(['API_KEYS_SECRET']);
    expect(told('urls')).toEqual(['API_KEYS_SECRET', 'URL_KEYS_SECRET']);
    expect(told('health')).toEqual([]);
    const byIam = Synthesised.of({ apiAuth: 'iam' });
    expect([told('send', byIam), told('urls', byIam)]).toEqual([[], ['URL_KEYS_SECRET']]);
    expect([environmentOf('send', byIam)['API_AUTH'], environmentOf('send')['API_AUTH']]).toEqual([
      'iam',
      'key',
    ]);
  });
});

describe('what the functions are told', () => {
  test('the settings, and where everything is', () => {
    const set = Synthesised.of({
      webhookBaseUrl: 'https://App.example:443/websocket/',
      webhookFormat: 'json',
      hooks: 'message,closed',
      hookTimeoutMs: '5000',
      messageFailure: 'close',
      messageRetryMinutes: '90',
      presenceGraceMs: '2000',
      forwardHeaders: 'X-Tenant',
      requireTicket: 'true',
      allowedOrigins: 'https://app.example',
      probeMinutes: '5',
      maxPostsPerSecond: '9000',
    });
    const environment = environmentOf('sweep', set);
    const lines = Object.entries(environment).map(([name, value]) => [name, set.line(value)]);
    const stage = '<WebSocketApi>.execute-api.<AWS::Region>.<AWS::URLSuffix>/live';
    expect(Object.fromEntries(lines)).toEqual({
      WEBHOOK_BASE_URL: 'https://app.example/websocket',
      WEBHOOK_FORMAT: 'json',
      HOOKS: 'message,closed',
      HOOK_TIMEOUT_MS: '5000',
      MESSAGE_FAILURE: 'close',
      MESSAGE_RETRY_MINUTES: '90',
      PRESENCE_GRACE_MS: '2000',
      FORWARD_HEADERS: 'x-tenant',
      REQUIRE_TICKET: 'true',
      ALLOWED_ORIGINS: 'https://app.example',
      WEBSOCKET_URL: `wss://${stage}`,
      CALLBACK_URL: `https://${stage}`,
      TABLE_NAME: '<Sockets>',
      GROUPS_TABLE_NAME: '<Groups>',
      QUEUE_URL: '<Tasks>',
      MAX_POSTS_PER_SECOND: '9000',
      REPLY_BY: 'post',
      MESSAGE_INVOCATION: 'request',
      API_AUTH: 'key',
      PROBE_MINUTES: '5',
      URL_SUFFIX: '<AWS::URLSuffix>',
      GATEWAY_NAME: '<WebSocketApi>',
    });
  });

  test('an emulator’s URLs have the id of the API in them', () => {
    const set = Synthesised.of({
      callbackUrl: 'http://localhost:1/{apiId}/live',
      webSocketUrl: 'ws://localhost:1/{apiId}/live',
    });
    const { CALLBACK_URL, WEBSOCKET_URL } = environmentOf('default', set);
    expect([set.line(CALLBACK_URL), set.line(WEBSOCKET_URL)]).toEqual([
      'http://localhost:1/<WebSocketApi>/live',
      'ws://localhost:1/<WebSocketApi>/live',
    ]);
  });
});

describe('what keeps', () => {
  test('the table of sockets is billed by request, forgets by itself, and is found by path and user', () => {
    expect(stack.one('AWS::DynamoDB::Table', 'GatewaySockets').Properties).toMatchObject({
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: [{ AttributeName: 'socket', KeyType: 'HASH' }],
      TimeToLiveSpecification: { AttributeName: 'expires', Enabled: true },
      GlobalSecondaryIndexes: [index('pathShard'), index('user')],
    });
  });

  test.for([
    ['Groups', 'group', 'member'],
    ['Broadcasts', 'broadcast', 'part'],
    ['DeadLetters', 'shard', 'letter'],
  ] as const)('the table %s is billed by request, forgets by itself, and has no index', (given) => {
    const [name, partitionKey, sortKey] = given;
    const { Properties } = stack.one('AWS::DynamoDB::Table', `Gateway${name}`);
    expect(Properties).toMatchObject({
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: [
        { AttributeName: partitionKey, KeyType: 'HASH' },
        { AttributeName: sortKey, KeyType: 'RANGE' },
      ],
      TimeToLiveSpecification: { AttributeName: 'expires', Enabled: true },
    });
    expect(Properties).not.toHaveProperty('GlobalSecondaryIndexes');
  });

  test('no table can be restored: a restored socket is dead', () => {
    const tables = stack.all('AWS::DynamoDB::Table');
    expect(tables).toHaveLength(4);
    for (const [, { Properties }] of tables)
      expect(Properties).not.toHaveProperty('PointInTimeRecoverySpecification');
  });

  test('a secret is 48 letters and digits that nobody has seen', () => {
    const secrets = stack.all('AWS::SecretsManager::Secret');
    expect(secrets).toHaveLength(3);
    for (const [, { Properties }] of secrets) {
      expect(Properties['SecretString']).toBeUndefined();
      expect(Properties['GenerateSecretString']).toEqual({
        PasswordLength: 48,
        ExcludePunctuation: true,
        IncludeSpace: false,
      });
    }
  });

  test.for([
    ['Tasks', 'tasks'],
    ['Presence', 'presence'],
    ['Batches', 'batches'],
    ['Retries', 'retries'],
  ] as const)(
    '%s are encrypted, dead when their function says so, and dead ones are kept for 14 days',
    ([name, queue]) => {
      const { Properties } = telling.one('AWS::SQS::Queue', `Gateway${name}`);
      expect(Properties).toMatchObject({
        SqsManagedSseEnabled: true,
        RedrivePolicy: { maxReceiveCount: maxReceives[queue] },
      });
      const { deadLetterTargetArn } = Properties['RedrivePolicy'] as { deadLetterTargetArn: unknown };
      expect(telling.line(deadLetterTargetArn)).toBe(`<Dead${name}.Arn>`);
      expect(telling.one('AWS::SQS::Queue', `Dead${name}`).Properties).toMatchObject({
        SqsManagedSseEnabled: true,
        MessageRetentionPeriod: 14 * 86_400,
      });
    },
  );

  test.for(['Retries', 'Presence'])(
    'what has no other place than the queue %s is kept for 14 days, even if no function can run',
    (name) => {
      const { Properties } = telling.one('AWS::SQS::Queue', `Gateway${name}`);
      expect(Properties['MessageRetentionPeriod']).toBe(14 * 86_400);
    },
  );

  test.for(['Tasks', 'Presence', 'Batches', 'Retries'])(
    'a message of the queue %s is kept until it was received as often as it may be, and then for days',
    (name) => {
      const { Properties } = telling.one('AWS::SQS::Queue', `Gateway${name}`);
      const { RedrivePolicy, VisibilityTimeout, MessageRetentionPeriod } = Properties;
      const { maxReceiveCount } = RedrivePolicy as { maxReceiveCount: number };
      // It is delayed at first, and put back after it failed, each for a quarter of an hour at most.
      const longestS = 900 + maxReceiveCount * Math.max(Number(VisibilityTimeout), 900);
      // SQS: a message is kept for four days unless it is set, and its age goes on where dead ones are.
      expect(longestS).toBeLessThan(Number(MessageRetentionPeriod ?? 4 * 86_400));
      expect(longestS).toBeLessThan(11 * 86_400);
    },
  );

  test('a look at who is in a group is handed out for a day while its function is throttled, and there is none to hand out without presence', () => {
    const { Properties } = telling.one('AWS::SQS::Queue', 'GatewayPresence');
    expect(maxReceives.presence * Number(Properties['VisibilityTimeout'])).toBeGreaterThanOrEqual(86_400);
    expect(stack.all('AWS::SQS::Queue').filter(([id]) => id.includes('Presence'))).toEqual([]);
    expect(stack.all('AWS::Lambda::EventSourceMapping')).toHaveLength(4);
    expect(telling.all('AWS::Lambda::EventSourceMapping')).toHaveLength(5);
  });

  test.for([
    ['destroy', 'Delete'],
    ['retain', 'Retain'],
  ] as const)('what holds data is treated as %s says', ([removalPolicy, expected]) => {
    const set = Synthesised.of({ removalPolicy, hooks: 'joined,left' });
    const types = ['DynamoDB::Table', 'SQS::Queue', 'SecretsManager::Secret', 'Logs::LogGroup'];
    const kept = types.flatMap((type) => set.all(`AWS::${type}`));
    expect(kept).toHaveLength(4 + 8 + 3 + 15);
    for (const [, { DeletionPolicy }] of kept) expect(DeletionPolicy).toBe(expected);
  });
});

describe('the schedule', () => {
  test('sweeps every minute, and no failed sweep is repeated', () => {
    const { ScheduleExpression, Targets } = stack.one('AWS::Events::Rule').Properties;
    expect(ScheduleExpression).toBe('rate(1 minute)');
    expect(Targets).toMatchObject([{ RetryPolicy: { MaximumRetryAttempts: 0 } }]);
    expect(JSON.stringify(Targets)).toContain(stack.lambda('sweep').id);
    // Lambda itself would run it twice more, with the minute of the first.
    const again = stack.one('AWS::Lambda::EventInvokeConfig', 'sweep').Properties;
    expect(again['MaximumRetryAttempts']).toBe(0);
    expect(JSON.stringify(again['FunctionName'])).toContain(stack.lambda('sweep').id);
  });
});

/** A function's environment. */
function environmentOf(name: string, of = stack): Readonly<Record<string, unknown>> {
  const { Variables } = of.lambda(name).Properties['Environment'] as { Variables: Record<string, unknown> };
  return Variables;
}

function index(name: string): object {
  return {
    IndexName: name,
    KeySchema: [
      { AttributeName: name, KeyType: 'HASH' },
      { AttributeName: 'socket', KeyType: 'RANGE' },
    ],
    Projection: { ProjectionType: 'KEYS_ONLY' },
  };
}
