import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { packed, type RelayedAnswer, unpacked } from './relayed-hook.ts';

/** A request to a Function URL, payload format 2.0. */
interface FunctionUrlEvent {
  readonly rawPath: string;
  readonly rawQueryString?: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly cookies?: readonly string[];
  readonly requestContext: { readonly http: { readonly method: string } };
  readonly body?: string;
  readonly isBase64Encoded?: boolean;
}

const [sqs, dynamo] = [new SQSClient({ useQueueUrlAsEndpoint: false }), new DynamoDBClient()];
const { HOOKS_QUEUE: QueueUrl, ANSWERS_TABLE: TableName } = process.env;

/** How often an answer is looked for, and what is kept of the function's time to say that there is none, in milliseconds. */
const [everyMs, reserveMs] = [40, 1_000];

/** Hands a hook to the app, which is on the machine that verifies and not in reach, and waits for its answer. */
export async function handler(event: FunctionUrlEvent, context: { getRemainingTimeInMillis(): number }) {
  const id = randomUUID();
  await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: packed(hookOf(id, event)) }));
  while (context.getRemainingTimeInMillis() > reserveMs) {
    await sleep(everyMs);
    const asked = new GetItemCommand({ TableName, Key: { id: { S: id } }, ConsistentRead: true });
    const { Item } = await dynamo.send(asked);
    if (Item?.['answer']?.S === undefined) continue;
    const { status, ...answer } = unpacked<RelayedAnswer>(Item['answer'].S);
    return { statusCode: status, ...answer, isBase64Encoded: true };
  }
  return { statusCode: 504 };
}

function hookOf(id: string, event: FunctionUrlEvent) {
  const { rawPath, rawQueryString = '', cookies = [], body = '' } = event;
  const url = rawQueryString === '' ? rawPath : `${rawPath}?${rawQueryString}`;
  // AWS Lambda Developer Guide, "Invoking Lambda function URLs": cookies come apart from the headers.
  const headers = { ...(cookies.length > 0 ? { cookie: cookies.join('; ') } : {}), ...event.headers };
  const bytes = Buffer.from(body, event.isBase64Encoded === true ? 'base64' : 'utf8');
  return { id, method: event.requestContext.http.method, url, headers, body: bytes.toString('base64') };
}
