import { request } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { DeleteMessageCommand, type Message, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { RecordingApp } from '../support/recording-app.ts';
import { packed, type RelayedAnswer, type RelayedHook, unpacked } from './relayed-hook.ts';

/** How many ask the queue at once: SQS gives each what few of its servers have. */
const pollers = 4;

/** What the relay's queue and table are called. */
export interface RelayNames {
  /** Where they are: the CDK knows more ways to say it than the SDK. */
  readonly region: string;
  readonly queueUrl: string;
  readonly table: string;
}

/** Brings the hooks that come to the relay to an app of this process, and its answers back. */
export class HookPoller {
  readonly #sqs: SQSClient;
  readonly #dynamo: DynamoDBClient;
  readonly #names: RelayNames;
  readonly #app: RecordingApp;
  readonly #stopped = new AbortController();
  readonly #seen = new Set<string>();
  readonly #running: Promise<void>[];

  constructor(names: RelayNames, app: RecordingApp) {
    const { region } = names;
    // An emulator's queues have other names for its host than we have.
    this.#sqs = new SQSClient({ region, useQueueUrlAsEndpoint: false });
    this.#dynamo = new DynamoDBClient({ region });
    this.#names = names;
    this.#app = app;
    this.#running = Array.from({ length: pollers }, () => this.#poll());
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    await Promise.all(this.#running);
    this.#sqs.destroy();
    this.#dynamo.destroy();
  }

  async #poll(): Promise<void> {
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      const asked = new ReceiveMessageCommand({
        ...{ QueueUrl: this.#names.queueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 5 },
      });
      // What the SDK has tried in vain is tried again: hooks wait.
      const got = await this.#sqs.send(asked, { abortSignal: signal }).catch(() => pause(signal));
      for (const message of got?.Messages ?? []) void this.#handle(message);
    }
  }

  async #handle({ Body = '', ReceiptHandle }: Message): Promise<void> {
    const hook = unpacked<RelayedHook>(Body);
    // SQS: a message may come twice.
    if (this.#seen.has(hook.id)) return;
    this.#seen.add(hook.id);
    const { queueUrl: QueueUrl, table: TableName } = this.#names;
    const deleted = this.#sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
    const answer = await ask(this.#app.address, hook).catch(() => broken);
    const Item = { id: { S: hook.id }, answer: { S: packed(answer) } };
    // What comes after the end of a suite has nobody who waits for it.
    await Promise.allSettled([deleted, this.#dynamo.send(new PutItemCommand({ TableName, Item }))]);
  }
}

async function pause(signal: AbortSignal): Promise<undefined> {
  await sleep(1_000, undefined, { signal }).catch(() => undefined);
  return undefined;
}

/** What stands for an answer that is no HTTP: a Function URL can't break off. */
const broken: RelayedAnswer = { status: 502, headers: {}, body: '' };

function ask(base: string, { method, url, headers, body }: RelayedHook): Promise<RelayedAnswer> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(base);
    // A Function URL hands on a path as it was escaped; an emulator may not.
    const path = url.replace(/[^\x21-\x7e]+/g, encodeURIComponent);
    const asked = request({ hostname, port, path, method, headers, agent: false }, async (answer) => {
      const content = await buffer(answer);
      const passed = Object.entries(answer.headers).filter(([name]) => !hopByHop.has(name));
      const texts = Object.fromEntries(passed.map(([name, value]) => [name, String(value)]));
      resolve({ status: answer.statusCode ?? 502, headers: texts, body: content.toString('base64') });
    });
    asked.on('error', reject);
    asked.end(Buffer.from(body, 'base64'));
  });
}

/** RFC 9110 section 7.6.1, and what is made anew. */
const hopByHop = new Set(['connection', 'keep-alive', 'transfer-encoding', 'content-length', 'date']);
