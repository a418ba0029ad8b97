/**
 * The event of a message that Lambda queues, as API Gateway writes it. API Gateway Developer Guide, "WebSocket API
 * mapping template reference". The ids and times are API Gateway's own, and base64 has no character that JSON escapes,
 * so nothing that a client sends can change the rest of the event. Everything is in quotes, so that it is JSON even
 * without a value.
 */
export const messageTemplate = JSON.stringify({
  invocationType: 'Event',
  body: '$util.base64Encode($input.body)',
  isBase64Encoded: true,
  requestContext: {
    eventType: '$context.eventType',
    connectionId: '$context.connectionId',
    messageId: '$context.messageId',
    requestId: '$context.requestId',
    requestTimeEpoch: '$context.requestTimeEpoch',
  },
});

/**
 * For how long Lambda keeps a queued message, in seconds, and how often it runs the function again that failed. Both
 * are the most that Lambda has: AWS Lambda Developer Guide, "Configuring error handling settings for asynchronous
 * invocations".
 */
export const queuedMessages = { ageSeconds: 21_600, retries: 2 } as const;
