import { DynamoDirectory } from '../../../functions/aws/dynamo/directory.ts';
import { registryWith } from '../../../functions/aws/dynamo/registry.ts';
import { registryContract } from '../../contract/ports/registry.ts';
import { MemoryDynamo, memoryTables } from '../../fakes/memory-dynamo.ts';
import { RecordingLog } from '../../support/recording-log.ts';
import { QuickClock } from '../dynamo-table.ts';

/** Proves the double on which the interleavings of groups are enumerated. */
for (const pageSize of [1_000, 40]) {
  registryContract(`registry on the double of DynamoDB, in pages of ${pageSize}`, async (clock) => {
    const dynamo = new MemoryDynamo(pageSize);
    const time = new QuickClock(() => clock.now());
    return registryWith(() => dynamo, memoryTables, time, DynamoDirectory, new RecordingLog());
  });
}
