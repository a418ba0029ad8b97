import { SdkConnections } from './aws/connections/sdk-connections.ts';
import { DynamoDirectory } from './aws/dynamo/directory.ts';
import { awsGateway } from './aws/gateway.ts';
import { sweepHandler } from './aws/handlers/sweep-handler.ts';

/** The schedule: what nobody has finished is finished, and whose end nobody told is ended. */
export const handler = sweepHandler(awsGateway({ Directory: DynamoDirectory, Connections: SdkConnections }));
