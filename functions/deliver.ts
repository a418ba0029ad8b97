import { deliverDoor } from './aws/deliver-door.ts';
import { DynamoDirectory } from './aws/dynamo-directory.ts';
import { awsGateway } from './aws/gateway.ts';

/** The queue: what was put off is done. */
export const handler = deliverDoor(awsGateway({ Directory: DynamoDirectory }));
