import { ApiGatewayManagementApiClient } from '@aws-sdk/client-apigatewaymanagementapi';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SQSClient } from '@aws-sdk/client-sqs';
import type { Gateway } from '../gateway/gateway.ts';
import { dynamoRegistry } from './dynamo-registry.ts';
import { HttpsApp } from './https-app.ts';
import { lambdaClock as clock } from './lambda-clock.ts';
import { lambdaLog } from './lambda-log.ts';
import { ManagementConnections } from './management-connections.ts';
import { secretsManager } from './secrets-manager.ts';
import { readSettings } from './settings.ts';
import { SqsLater } from './sqs-later.ts';

/** Puts a gateway together from AWS, once for each function that starts. */
export function awsGateway(): Gateway {
  const { gateway: settings, callbackUrl, tableName, queueUrl, secrets } = readSettings();
  // One attempt a post: the gateway waits out throttling itself.
  const management = new ApiGatewayManagementApiClient({ endpoint: callbackUrl, maxAttempts: 1 });
  return {
    registry: dynamoRegistry(new DynamoDBClient({}), tableName, clock),
    connections: new ManagementConnections(management),
    app: new HttpsApp(new URL(settings.webhookBaseUrl).origin),
    later: new SqsLater(new SQSClient({}), queueUrl),
    secrets: secretsManager(new SecretsManagerClient({}), secrets, clock),
    clock,
    log: lambdaLog(),
    settings,
  };
}
