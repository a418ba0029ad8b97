import { afterAll, vi } from 'vitest';
import { registryContract } from '../../contract/ports/registry.ts';
import { outboxContract } from '../../contract/ports/registry-outbox.ts';
import { stateTableContract } from '../../contract/ports/registry-state-table.ts';
import { DynamoFront } from '../dynamo-front.ts';
import { Dynamo, QuickClock, registryAt } from '../dynamo-table.ts';

/** The contract makes thousands of calls one after the other, and each is a request here. */
vi.setConfig({ testTimeout: 60_000 });

const dynamo = await Dynamo.start();
const telling = await DynamoFront.open(dynamo.endpoint, { tells: true });
afterAll(async () => {
  await telling.close();
  await dynamo.stop();
});

const client = dynamo.client();
const at = async (endpoint: string) => ({ name: await dynamo.table(client), endpoint });

registryContract('DynamoDB registry', async (clock) =>
  registryAt(await at(dynamo.endpoint), new QuickClock(() => clock.now())),
);

for (const contract of [stateTableContract, outboxContract]) {
  contract('DynamoDB registry, told why a write was refused', async (clock) =>
    registryAt(await at(telling.endpoint), new QuickClock(() => clock.now())),
  );
}
