import { actionsContract } from '../contract/gateway/actions.ts';
import { breakerContract } from '../contract/gateway/breaker.ts';
import { broadcastsContract } from '../contract/gateway/broadcasts.ts';
import { closedContract } from '../contract/gateway/closed.ts';
import { deadLettersContract } from '../contract/gateway/dead-letters.ts';
import { groupsContract } from '../contract/gateway/groups.ts';
import { handshakeContract } from '../contract/gateway/handshake.ts';
import { hooksContract } from '../contract/gateway/hooks.ts';
import { httpApiContract } from '../contract/gateway/http-api.ts';
import { messageFailureContract } from '../contract/gateway/message-failure.ts';
import { messagesContract } from '../contract/gateway/messages.ts';
import { presenceContract } from '../contract/gateway/presence.ts';
import { sendingContract } from '../contract/gateway/sending.ts';
import { ticketsContract } from '../contract/gateway/tickets.ts';
import type { Subject } from '../contract/gateway/world.ts';
import { awsSubject } from './world.ts';

/** The same, whose replies travel back with the answer of the message's function where they can. */
const routed: Subject = {
  ...awsSubject,
  name: 'Lambda functions, replies by the route',
  start: (settings) => awsSubject.start({ ...settings, REPLY_BY: 'route' }),
};

/** The same, whose messages Lambda queues before it runs their function. */
const queued: Subject = {
  ...awsSubject,
  name: 'Lambda functions, messages queued',
  start: (settings) => awsSubject.start({ ...settings, MESSAGE_INVOCATION: 'event' }),
};

hooksContract(awsSubject);
handshakeContract(awsSubject);
messagesContract(awsSubject);
messagesContract(routed);
messagesContract(queued);
actionsContract(awsSubject);
actionsContract(routed);
actionsContract(queued);
sendingContract(awsSubject);
closedContract(awsSubject);
httpApiContract(awsSubject);
ticketsContract(awsSubject);
groupsContract(awsSubject);
broadcastsContract(awsSubject);
deadLettersContract(awsSubject);
messageFailureContract(awsSubject);
messageFailureContract(routed);
messageFailureContract(queued);
breakerContract(awsSubject);
presenceContract(awsSubject);
