import { answer } from '../measure/questions.ts';
import type { Client } from './client.ts';
import { Crowd } from './crowd.ts';
import { frameOf } from './frame.ts';
import type { Broadcasting, Driving, Opening } from './orders.ts';
import { post } from './post.ts';

const crowd = new Crowd();
let isDriving = false;
let calling: Promise<void> = Promise.resolve();

/** Keeps a number of messages in flight until `rest`: each one that comes back is followed by the next. */
function drive({ text, inFlight, rotates = false }: Driving): void {
  const frame = frameOf(text);
  const { clients } = crowd;
  let next = 0;
  const rotating = (): Client => clients[next++ % clients.length] as Client;
  const send = (client: Client): void => {
    crowd.due += 1;
    client.send(frame);
  };
  crowd.bytes = text.length;
  isDriving = true;
  crowd.onText = (client) => {
    if (isDriving) send(rotates ? rotating() : client);
  };
  for (const client of rotates ? [clients[0] as Client] : clients) {
    for (let sent = 0; sent < inFlight; sent++) send(rotates ? rotating() : client);
  }
}

/** Broadcasts a text again and again. Each call waits until its clients have got the broadcast before the last one. */
async function broadcast({ url, headers, body, text, reached }: Broadcasting): Promise<void> {
  crowd.bytes = text.length;
  crowd.onText = () => {};
  isDriving = true;
  while (isDriving) {
    const due = crowd.due;
    crowd.due += reached ?? crowd.clients.length;
    await post(url, headers, body);
    await crowd.until(due);
  }
}

/** Stops, and waits for everything in flight. */
async function rest(): Promise<void> {
  isDriving = false;
  await calling;
  await crowd.until(crowd.due);
}

/** The process that makes the load and counts what comes back. */
answer({
  open: (order) => crowd.open(order as Opening),
  drive: (order) => drive(order as Driving),
  broadcast: (order) => {
    calling = broadcast(order as Broadcasting);
  },
  received: () => crowd.received,
  rest,
  close: () => crowd.close(),
});
