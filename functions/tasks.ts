import { DynamoBroadcasts } from './aws/dynamo/broadcasts.ts';
import { DynamoDirectory } from './aws/dynamo/directory.ts';
import { awsGateway } from './aws/gateway.ts';
import { tasksHandler } from './aws/handlers/tasks-handler.ts';

/** The queue: runs the tasks of a batch. */
export const handler = tasksHandler(awsGateway({ Directory: DynamoDirectory, Broadcasts: DynamoBroadcasts }));
