import { actionsContract } from '../contract/gateway/actions.ts';
import { closedContract } from '../contract/gateway/closed.ts';
import { handshakeContract } from '../contract/gateway/handshake.ts';
import { hooksContract } from '../contract/gateway/hooks.ts';
import { httpApiContract } from '../contract/gateway/http-api.ts';
import { messagesContract } from '../contract/gateway/messages.ts';
import { sendingContract } from '../contract/gateway/sending.ts';
import { ticketsContract } from '../contract/gateway/tickets.ts';
import { localSubject } from '../support/local.ts';

hooksContract(localSubject);
handshakeContract(localSubject);
messagesContract(localSubject);
actionsContract(localSubject);
sendingContract(localSubject);
closedContract(localSubject);
httpApiContract(localSubject);
ticketsContract(localSubject);
