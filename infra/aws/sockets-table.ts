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
import { type TableIndex, tableSchema } from '../../functions/aws/dynamo/table-schema.ts';

/**
 * The table of sockets. It has no point-in-time recovery, since a restored socket is dead. DynamoDB encrypts it with an
 * AWS-owned key, which is free.
 */
export function socketsTable(scope: Construct, removalPolicy: RemovalPolicy): Table {
  const table = new Table(scope, 'Sockets', {
    partitionKey: text(tableSchema.partitionKey),
    billingMode: BillingMode[tableSchema.billing],
    timeToLiveAttribute: tableSchema.timeToLive,
    encryption: TableEncryption.DEFAULT,
    removalPolicy,
  });
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

function text(name: string): Attribute {
  return { name, type: AttributeType.STRING };
}
