import { parseTask } from '../../../functions/aws/queue/task-message.ts';
import { JsonService } from '../../aws/json-service.ts';
import { Crowd } from '../../simulate/crowd.ts';
import { Random } from '../../simulate/random.ts';
import { Tables } from '../../simulate/table.ts';
import { answer } from '../measure/questions.ts';

let queued = 0;

/** DynamoDB with this many open sockets, and an SQS that drops its messages. Resolves to their URL. */
function open(sockets: number): Promise<string> {
  const tables = new Tables(new Random(1), new Crowd(sockets)).seenBy(
    () => Promise.resolve(),
    () => {},
  );
  const runs = ['Scan', 'Query', 'GetItem', 'PutItem', 'UpdateItem'].map(
    (operation) => [operation, (input: object) => tables.run(operation, input)] as const,
  );
  return new JsonService({ ...Object.fromEntries(runs), SendMessageBatch: take }).listen();
}

function take({ Entries }: Readonly<Record<string, unknown>>): object {
  for (const { MessageBody } of Entries as readonly { readonly MessageBody: string }[]) {
    const task = parseTask(MessageBody);
    queued += task.kind === 'batch' ? task.sockets.length : 0;
  }
  return { Successful: [], Failed: [] };
}

answer({
  open: (sockets) => open(Number(sockets)),
  /** How many sockets the batches had that were queued. */
  queued: () => queued,
});
