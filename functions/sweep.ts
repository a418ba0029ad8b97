import { DynamoDirectory } from './aws/dynamo-directory.ts';
import { awsGateway } from './aws/gateway.ts';
import { ManagementConnections } from './aws/management-connections.ts';
import { sweepDoor } from './aws/sweep-door.ts';

/** The schedule: what nobody has finished is finished, and whose end nobody told is ended. */
export const handler = sweepDoor(
  awsGateway({ Directory: DynamoDirectory, Connections: ManagementConnections }),
);
