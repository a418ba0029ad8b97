import { createServer } from 'node:http';
import { noGroupChange } from '../../../functions/gateway/group-change.ts';
import { systemClock } from '../../../functions/node/system-clock.ts';
import { socketIdFrom } from '../../../functions/wire/socket-id.ts';
import { Dynamo, groupsNameOf, registryAt } from '../../aws/dynamo-table.ts';
import { JsonService } from '../../aws/json-service.ts';
import { aPath, aRecord } from '../../fakes/a-record.ts';
import { answer } from '../measure/questions.ts';
import { apiKey } from '../subjects/api-key.ts';
import { listenOn } from './listen-on.ts';

const secrets: Readonly<Record<string, string>> = {
  apiKeys: apiKey,
  webhookSecrets: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  urlKeys: 'bench-url-key-0123456789-0123456789',
};

/** Stand-ins for AWS: DynamoDB with one open socket, Secrets Manager, and an @connections that accepts everything. */
async function start() {
  const dynamo = await Dynamo.start();
  const table = await dynamo.table(dynamo.client());
  const registry = registryAt({ name: table, endpoint: dynamo.endpoint }, systemClock);
  await registry.put(record);
  await registry.accept(
    record.socket,
    { user: '', state: '', acceptedAt: Date.now(), groups: noGroupChange },
    'open',
  );
  const secretsManager = new JsonService({
    GetSecretValue: ({ SecretId }) => ({ SecretString: secrets[String(SecretId)] }),
  });
  const connections = createServer((request, response) => {
    request.resume();
    request.on('end', () => response.writeHead(200, { 'Content-Length': 0 }).end());
  });
  const environment = {
    AWS_ENDPOINT_URL_DYNAMODB: dynamo.endpoint,
    AWS_ENDPOINT_URL_SECRETS_MANAGER: await secretsManager.listen(),
    CALLBACK_URL: `http://127.0.0.1:${await listenOn(connections, 0)}`,
    TABLE_NAME: table,
    GROUPS_TABLE_NAME: groupsNameOf(table),
  };
  return { socket: record.socket, environment };
}

const record = aRecord({
  socket: socketIdFrom(new Uint8Array(11).fill(7)),
  path: aPath('/bench'),
  openedAt: Date.now(),
});
const started = start();

answer({ started: () => started });
