import { DynamoBroadcasts } from './aws/dynamo/broadcasts.ts';
import { awsGateway } from './aws/gateway.ts';
import { batchesHandler } from './aws/handlers/batches-handler.ts';

/** The queue of batches: posts a batch of a broadcast. */
export const handler = batchesHandler(awsGateway({ Broadcasts: DynamoBroadcasts }));
