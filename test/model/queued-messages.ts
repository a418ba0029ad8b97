import type { MessageEvent } from '../../functions/aws/events.ts';
import { messageHandler } from '../../functions/aws/handlers/message-handler.ts';
import { timeouts } from '../../infra/aws/timeouts.ts';
import type { ModelQueue } from './aws-queues.ts';
import type { Functions } from './functions.ts';
import type { Timeline } from './timeline.ts';

/** Before each run of the function, in milliseconds. AWS Lambda Developer Guide, "How Lambda handles errors and retries". */
const pausesMs = [0, 60_000, 120_000];

/** The queue in which Lambda keeps messages until the function of messages has taken them. */
export class QueuedMessages {
  /** How many there are. */
  waiting = 0;
  readonly #functions: Functions;
  readonly #timeline: Timeline;
  readonly #destination: ModelQueue;

  /** `destination`: what the function could not take goes there. */
  constructor(functions: Functions, timeline: Timeline, destination: ModelQueue) {
    this.#functions = functions;
    this.#timeline = timeline;
    this.#destination = destination;
  }

  /** Takes a message, of which nobody hears any more. */
  async take(message: MessageEvent): Promise<void> {
    this.waiting += 1;
    const event = {
      ...message,
      invocationType: 'Event' as const,
      body: Buffer.from(message.body ?? '').toString('base64'),
      isBase64Encoded: true,
      requestContext: {
        ...message.requestContext,
        messageId: message.requestContext.requestId,
        requestTimeEpoch: String(message.requestContext.requestTimeEpoch),
      },
    };
    if (!(await this.#isTaken(event))) {
      const requestContext = { condition: 'RetriesExhausted', approximateInvokeCount: pausesMs.length };
      this.#destination.send(JSON.stringify({ requestContext, requestPayload: event }), 0);
    }
    this.waiting -= 1;
  }

  async #isTaken(event: MessageEvent): Promise<boolean> {
    for (const pauseMs of pausesMs) {
      await this.#timeline.sleep(pauseMs);
      const result = await this.#functions.run(timeouts.waited, (gateway, context) =>
        messageHandler(gateway)(event, context),
      );
      if (result !== undefined) return true;
    }
    return false;
  }
}
