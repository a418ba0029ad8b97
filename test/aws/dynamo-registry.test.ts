import { afterAll, vi } from 'vitest';
import { dynamoRegistry } from '../../functions/aws/dynamo-registry.ts';
import { registryContract } from '../contract/ports/registry.ts';
import { outboxContract } from '../contract/ports/registry-outbox.ts';
import { stateTableContract } from '../contract/ports/registry-state-table.ts';
import { Dynamo, QuickClock } from './dynamo-table.ts';

/** The contract makes thousands of calls one after the other, and each is a request here. */
vi.setConfig({ testTimeout: 60_000 });

const dynamo = await Dynamo.start();
afterAll(() => dynamo.stop());

const client = dynamo.client();
registryContract('DynamoDB registry', async (clock) =>
  dynamoRegistry(client, await dynamo.table(client), new QuickClock(() => clock.now())),
);

const telling = dynamo.telling();
for (const contract of [stateTableContract, outboxContract]) {
  contract('DynamoDB registry, told why a write was refused', async (clock) =>
    dynamoRegistry(telling, await dynamo.table(client), new QuickClock(() => clock.now())),
  );
}
