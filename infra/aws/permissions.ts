import { ArnFormat, Stack } from 'aws-cdk-lib';
import type { WebSocketStage } from 'aws-cdk-lib/aws-apigatewayv2';
import type { Table } from 'aws-cdk-lib/aws-dynamodb';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { breakerKey, endedKeys, presenceKeys, tableSchema } from '../../functions/aws/dynamo/table-schema.ts';
import type { FunctionNeeds } from './function-needs.ts';
import type { GatewaySecrets } from './gateway-secrets.ts';
import type { TaskQueue } from './task-queue.ts';

/** The resources that the functions use. */
export interface Resources {
  readonly table: Table;
  readonly groups: Table;
  readonly broadcasts: Table;
  readonly deadLetters: Table;
  readonly tasks: TaskQueue;
  /** If the app wants to hear of presence. */
  readonly presence: TaskQueue | undefined;
  readonly batches: TaskQueue;
  readonly retries: TaskQueue;
  readonly secrets: GatewaySecrets;
  readonly stage: WebSocketStage;
}

/** The permissions that a function needs: named actions on named resources. */
export function permissions(needs: FunctionNeeds, resources: Resources): PolicyStatement[] {
  const { table, groups, broadcasts, deadLetters, tasks, presence, batches, retries, secrets } = resources;
  const statement = (actions: readonly string[], ...on: readonly string[]): PolicyStatement[] =>
    actions.length === 0 ? [] : [new PolicyStatement({ actions: [...actions], resources: [...on] })];
  const named = (service: string, actions: readonly string[] = []): string[] =>
    actions.map((action) => `${service}:${action}`);
  return [
    ...statement(named('dynamodb', needs.table), table.tableArn),
    ...statement(named('dynamodb', needs.groups), groups.tableArn),
    ...statement(named('dynamodb', needs.broadcasts), broadcasts.tableArn),
    ...(needs.breaker ? [onItems(broadcasts, breakerKey, named('dynamodb', needs.breaker))] : []),
    ...(needs.presences ? [onItems(broadcasts, `${presenceKeys}*`, named('dynamodb', needs.presences))] : []),
    ...statement(named('dynamodb', needs.deadLetters), deadLetters.tableArn),
    ...(needs.endedSockets
      ? [onItems(deadLetters, `${endedKeys}*`, named('dynamodb', needs.endedSockets))]
      : []),
    ...(needs.indexes ? statement(['dynamodb:Query'], ...indexArns(table)) : []),
    ...statement(named('sqs', needs.queue), tasks.queue.queueArn),
    ...(presence ? statement(named('sqs', needs.presenceTasks), presence.queue.queueArn) : []),
    ...statement(named('sqs', needs.batches), batches.queue.queueArn),
    ...statement(named('sqs', needs.retries), retries.queue.queueArn),
    ...statement(named('sqs', needs.deadRetries), retries.dead.queueArn),
    ...(needs.secrets ?? []).flatMap((name) =>
      statement(['secretsmanager:GetSecretValue'], secrets[name].secretArn),
    ),
    ...(needs.connections ?? []).flatMap((method) =>
      statement(['execute-api:ManageConnections'], connectionsArn(resources.stage, method)),
    ),
  ];
}

/**
 * The items of the table whose partition key is like a pattern. IAM, "Using IAM policy conditions for fine-grained
 * access control" of DynamoDB.
 */
function onItems({ tableArn }: Table, keys: string, actions: string[]): PolicyStatement {
  const conditions = { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': [keys] } };
  return new PolicyStatement({ actions, resources: [tableArn], conditions });
}

/** The ARN of each index by name, since the table may get other indexes. */
function indexArns({ tableArn }: Table): string[] {
  return Object.values(tableSchema.indexes).map(({ name }) => `${tableArn}/index/${name}`);
}

/** All connections of one stage, by one method. Their ids exist only at run time, so nothing narrower can be named. */
function connectionsArn(stage: WebSocketStage, method: string): string {
  return Stack.of(stage).formatArn({
    service: 'execute-api',
    resource: stage.api.apiId,
    resourceName: `${stage.stageName}/${method}/@connections/*`,
    arnFormat: ArnFormat.SLASH_RESOURCE_NAME,
  });
}
