import { queuedMessages } from '../../infra/aws/message-template.ts';
import type { Subject } from '../contract/gateway/world.ts';
import { Api } from '../support/api.ts';
import { testSecrets } from '../support/local.ts';
import { RecordingApp } from '../support/recording-app.ts';
import { ApiGateway } from './api-gateway/api-gateway.ts';
import { type Handler, type HandlerName, startHandlers } from './bundles.ts';
import { broadcastsNameOf, Dynamo, deadLettersNameOf, groupsNameOf } from './dynamo-table.ts';
import { startHttpApi } from './http-api.ts';
import { JsonService } from './json-service.ts';
import { LambdaQueue, queuedBy } from './lambda-queue.ts';
import { Queue } from './queue.ts';

/** The services that all worlds of a process share, at the addresses that the SDK reads from the environment. */
async function startServices() {
  const dynamo = await Dynamo.start();
  const queue = new Queue();
  const lists: Record<string, readonly string[]> = { ...testSecrets };
  const secrets = new JsonService({
    GetSecretValue: ({ SecretId }) => ({ SecretString: lists[String(SecretId)]?.join(',') }),
  });
  const sqs = new JsonService(queue.operations);
  Object.assign(process.env, {
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_ENDPOINT_URL_DYNAMODB: dynamo.endpoint,
    AWS_ENDPOINT_URL_SQS: await sqs.listen(),
    AWS_ENDPOINT_URL_SECRETS_MANAGER: await secrets.listen(),
  });
  return { dynamo, queue };
}

let services: ReturnType<typeof startServices> | undefined;
let count = 0;

/** The bundled Lambda functions behind API Gateway, over DynamoDB, SQS and Secrets Manager, in one process. */
export const awsSubject: Subject = {
  name: 'Lambda functions',
  keepsOrder: false,
  tellsRefusals: false,
  answersEverything: true,
  closesWith: 1000,
  start: async (settings = {}) => {
    services ??= startServices();
    const { dynamo, queue } = await services;
    count += 1;
    const [queueUrl, presenceQueueUrl, batchQueueUrl, retryQueueUrl, deadRetryQueueUrl] = [
      'tasks',
      'presence',
      'batches',
      'retries',
      'dead-retries',
    ].map((name) => `${process.env['AWS_ENDPOINT_URL_SQS']}/000000000000/${name}-${count}`) as [
      string,
      string,
      string,
      string,
      string,
    ];
    const app = new RecordingApp();
    const WEBHOOK_BASE_URL = await app.listen();
    const table = await dynamo.table(dynamo.client());
    let handlers: Record<HandlerName, Handler> | undefined;
    const invoke = (name: HandlerName) => async (event: unknown) => handlers?.[name](event);
    const messages = new LambdaQueue(invoke('default'), queuedMessages, async (record) => {
      queue.put(deadRetryQueueUrl, record);
    });
    const gateway = await ApiGateway.start({
      routes: { $connect: invoke('connect'), $default: invoke('default'), $disconnect: invoke('disconnect') },
      returnResponse: true,
      queued: queuedBy(messages, settings),
      limits: { frameBytes: Number.POSITIVE_INFINITY },
    });
    handlers = await startHandlers({
      WEBHOOK_BASE_URL,
      HOOK_TIMEOUT_MS: '2000',
      TABLE_NAME: table,
      GROUPS_TABLE_NAME: groupsNameOf(table),
      BROADCASTS_TABLE_NAME: broadcastsNameOf(table),
      DEAD_LETTERS_TABLE_NAME: deadLettersNameOf(table),
      QUEUE_URL: queueUrl,
      PRESENCE_QUEUE_URL: presenceQueueUrl,
      BATCH_QUEUE_URL: batchQueueUrl,
      RETRY_QUEUE_URL: retryQueueUrl,
      DEAD_RETRY_QUEUE_URL: deadRetryQueueUrl,
      CALLBACK_URL: gateway.endpoint,
      WEBSOCKET_URL: gateway.url,
      API_KEYS_SECRET: 'apiKeys',
      WEBHOOK_SECRETS_SECRET: 'webhookSecrets',
      URL_KEYS_SECRET: 'urlKeys',
      ...settings,
    });
    queue.attach(queueUrl, handlers.tasks);
    queue.attach(presenceQueueUrl, handlers.tasks);
    queue.attach(batchQueueUrl, handlers.batches, { batchSize: 1, maxConcurrency: 4 });
    queue.attach(retryQueueUrl, handlers.retries, { redrive: deadRetryQueueUrl });
    queue.attach(deadRetryQueueUrl, handlers.redrive);
    const api = await startHttpApi(handlers);
    return {
      app,
      api: new Api(api.url, testSecrets.apiKeys[0] ?? ''),
      webhookSecrets: testSecrets.webhookSecrets,
      apiKeys: testSecrets.apiKeys,
      urlKeys: testSecrets.urlKeys,
      at: (path, query = '') => `${gateway.url}?path=${encodeURIComponent(path)}${query && `&${query}`}`,
      stop: async () => {
        await gateway.stop();
        await gateway.settled();
        messages.stop();
        await messages.settled();
        queue.detach(queueUrl);
        queue.detach(presenceQueueUrl);
        queue.detach(batchQueueUrl);
        queue.detach(retryQueueUrl);
        queue.detach(deadRetryQueueUrl);
        await api.stop();
        await app.stop();
      },
    };
  },
};
