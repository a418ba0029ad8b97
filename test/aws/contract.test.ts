import { actionsContract } from '../contract/gateway/actions.ts';
import { closedContract } from '../contract/gateway/closed.ts';
import { handshakeContract } from '../contract/gateway/handshake.ts';
import { hooksContract } from '../contract/gateway/hooks.ts';
import { httpApiContract } from '../contract/gateway/http-api.ts';
import { messagesContract } from '../contract/gateway/messages.ts';
import { sendingContract } from '../contract/gateway/sending.ts';
import { ticketsContract } from '../contract/gateway/tickets.ts';
import { awsSubject } from './world.ts';

hooksContract(awsSubject);
handshakeContract(awsSubject);
messagesContract(awsSubject);
actionsContract(awsSubject);
sendingContract(awsSubject);
closedContract(awsSubject);
httpApiContract(awsSubject);
ticketsContract(awsSubject);
