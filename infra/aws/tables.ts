import type { RemovalPolicy } from 'aws-cdk-lib';
import {
  type Attribute,
  AttributeType,
  BillingMode,
  ProjectionType,
  Table,
  TableEncryption,
} from 'aws-cdk-lib/aws-dynamodb';
import type { Construct } from 'constructs';
import {
  broadcastsSchema,
  deadLettersSchema,
  groupsSchema,
  type TableIndex,
  tableSchema,
} from '../../functions/aws/dynamo/table-schema.ts';

/** The keys of a table. Every key is a text. */
interface Keys {
  readonly partitionKey: string;
  readonly sortKey?: string;
  readonly billing: keyof typeof BillingMode;
  readonly timeToLive: string;
}

/** The table of sockets. */
export function socketsTable(scope: Construct, removalPolicy: RemovalPolicy): Table {
  const table = tableOf(scope, 'Sockets', tableSchema, removalPolicy);
  const indexes: readonly TableIndex[] = Object.values(tableSchema.indexes);
  for (const { name, partitionKey, sortKey, projection } of indexes) {
    table.addGlobalSecondaryIndex({
      indexName: name,
      partitionKey: text(partitionKey),
      sortKey: text(sortKey),
      projectionType: ProjectionType[projection],
    });
  }
  return table;
}

/** The table of groups: an item for each socket in a group. */
export function groupsTable(scope: Construct, removalPolicy: RemovalPolicy): Table {
  return tableOf(scope, 'Groups', groupsSchema, removalPolicy);
}

/** The table of broadcasts: an item for each part of one that goes on after its call. */
export function broadcastsTable(scope: Construct, removalPolicy: RemovalPolicy): Table {
  return tableOf(scope, 'Broadcasts', broadcastsSchema, removalPolicy);
}

/** The table of dead letters: an item for each letter, and one for its body. */
export function deadLettersTable(scope: Construct, removalPolicy: RemovalPolicy): Table {
  return tableOf(scope, 'DeadLetters', deadLettersSchema, removalPolicy);
}

/**
 * A table without point-in-time recovery, since a restored socket is dead. DynamoDB encrypts it with an AWS-owned key,
 * which is free.
 */
function tableOf(scope: Construct, id: string, keys: Keys, removalPolicy: RemovalPolicy): Table {
  return new Table(scope, id, {
    partitionKey: text(keys.partitionKey),
    ...(keys.sortKey === undefined ? {} : { sortKey: text(keys.sortKey) }),
    billingMode: BillingMode[keys.billing],
    timeToLiveAttribute: keys.timeToLive,
    encryption: TableEncryption.DEFAULT,
    removalPolicy,
  });
}

function text(name: string): Attribute {
  return { name, type: AttributeType.STRING };
}
