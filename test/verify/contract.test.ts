import { actionsContract } from '../contract/gateway/actions.ts';
import { broadcastsContract } from '../contract/gateway/broadcasts.ts';
import { closedContract } from '../contract/gateway/closed.ts';
import { deadLettersContract } from '../contract/gateway/dead-letters.ts';
import { groupsContract } from '../contract/gateway/groups.ts';
import { handshakeContract } from '../contract/gateway/handshake.ts';
import { hooksContract } from '../contract/gateway/hooks.ts';
import { httpApiContract } from '../contract/gateway/http-api.ts';
import { messageFailureContract } from '../contract/gateway/message-failure.ts';
import { messagesContract } from '../contract/gateway/messages.ts';
import { sendingContract } from '../contract/gateway/sending.ts';
import { ticketsContract } from '../contract/gateway/tickets.ts';
import { planOf } from './plan.ts';
import { verifiedSubject } from './world.ts';

const subject = verifiedSubject(planOf(process.env));

hooksContract(subject);
handshakeContract(subject);
messagesContract(subject);
actionsContract(subject);
sendingContract(subject);
broadcastsContract(subject);
closedContract(subject);
httpApiContract(subject);
ticketsContract(subject);
groupsContract(subject);
deadLettersContract(subject);
messageFailureContract(subject);
