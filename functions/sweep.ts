import { SdkConnections } from './aws/connections/sdk-connections.ts';
import { DynamoDirectory } from './aws/dynamo/directory.ts';
import { awsGateway } from './aws/gateway.ts';
import { sweepHandler } from './aws/handlers/sweep-handler.ts';

/** The schedule: finishes what a dead worker left, and ends sockets whose `$disconnect` never came. */
export const handler = sweepHandler(awsGateway({ Directory: DynamoDirectory, Connections: SdkConnections }));
