import { DynamoBreaker as Breaker } from './aws/dynamo/breaker.ts';
import { DynamoBroadcasts as Broadcasts } from './aws/dynamo/broadcasts.ts';
import { DynamoDeadLetters as DeadLetters } from './aws/dynamo/dead-letters.ts';
import { DynamoDirectory as Directory } from './aws/dynamo/directory.ts';
import { DynamoEndedSockets as EndedSockets } from './aws/dynamo/ended-sockets.ts';
import { DynamoPresences as Presences } from './aws/dynamo/presences.ts';
import { awsGateway } from './aws/gateway.ts';
import { tasksHandler } from './aws/handlers/tasks-handler.ts';

/** The queues of tasks and of presence: runs the tasks of a batch. */
export const handler = tasksHandler(
  awsGateway({ Directory, Breaker, Presences, Broadcasts, DeadLetters, EndedSockets }),
);
