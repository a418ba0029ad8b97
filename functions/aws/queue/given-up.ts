import * as v from 'valibot';
import type { MessageEvent } from '../events.ts';

/** A message that Lambda gave up, why, and how often its function ran. */
export interface GivenUp {
  readonly event: MessageEvent;
  readonly why: string;
  readonly runs: number;
}

/**
 * What Lambda sends to a destination of failed events. AWS Lambda Developer Guide, "Capturing records of Lambda
 * asynchronous invocations". `requestPayload` is the event as API Gateway's template wrote it.
 */
const invocationRecord = v.object({
  requestContext: v.object({
    condition: v.string(),
    approximateInvokeCount: v.optional(v.number(), 0),
  }),
  requestPayload: v.object({
    invocationType: v.literal('Event'),
    body: v.string(),
    isBase64Encoded: v.boolean(),
    requestContext: v.object({
      eventType: v.picklist(['CONNECT', 'MESSAGE', 'DISCONNECT']),
      connectionId: v.string(),
      messageId: v.string(),
      requestId: v.string(),
      requestTimeEpoch: v.string(),
    }),
  }),
});

/** The reasons that Lambda names, in words. */
const reasons: Readonly<Record<string, string>> = {
  RetriesExhausted: 'the function that was to post it died or failed, each time',
  EventAgeExceeded: 'no function could post it within the time that Lambda keeps it',
  ZeroReservedConcurrency: 'the function that was to post it may not run',
};

/** Whether a message of the queue of dead retries is one that Lambda gave up: no task has a `requestPayload`. */
export function isGivenUp(message: unknown): boolean {
  return typeof message === 'object' && message !== null && 'requestPayload' in message;
}

/** Reads a message that Lambda gave up. Throws if it is none of a client, which is never in our queue. */
export function readGivenUp(message: unknown): GivenUp {
  const read = v.safeParse(invocationRecord, message);
  // As of tasks.
  if (!read.success) throw new Error(`What Lambda gave up can't be read: ${v.getDotPath(read.issues[0])}.`);
  const { requestContext, requestPayload: event } = read.output;
  const { condition, approximateInvokeCount: runs } = requestContext;
  return { event, why: reasons[condition] ?? `Lambda gave it up: ${condition}`, runs };
}
