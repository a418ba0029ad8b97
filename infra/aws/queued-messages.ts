import { Duration, Stack } from 'aws-cdk-lib';
import { PassthroughBehavior } from 'aws-cdk-lib/aws-apigatewayv2';
import { WebSocketAwsIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { PolicyDocument, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { messageTemplate, queuedMessages } from './message-template.ts';

/**
 * The integration of a route whose function is invoked asynchronously: Lambda takes the message, and API Gateway waits
 * for no more than that. API Gateway Developer Guide, "Set up asynchronous invocation of the backend Lambda function",
 * which is about REST APIs. Nobody has said that it holds for WebSocket APIs.
 */
export function queuedInvocation(scope: Construct, handler: IFunction): WebSocketAwsIntegration {
  const { partition, region } = Stack.of(scope);
  const path = `2015-03-31/functions/${handler.functionArn}/invocations`;
  return new WebSocketAwsIntegration('QueuedMessageHandler', {
    integrationMethod: 'POST',
    integrationUri: `arn:${partition}:apigateway:${region}:lambda:path/${path}`,
    credentialsRole: invoker(scope, handler),
    requestParameters: { 'integration.request.header.X-Amz-Invocation-Type': "'Event'" },
    // The backslash makes the expression a literal text instead of a variable, so the template always applies.
    templateSelectionExpression: '\\$default',
    requestTemplates: { $default: messageTemplate },
    passthroughBehavior: PassthroughBehavior.NEVER,
  });
}

/** The role that API Gateway assumes, which may invoke this function and do nothing else. */
function invoker(scope: Construct, handler: IFunction): Role {
  const invoke = new PolicyStatement({
    actions: ['lambda:InvokeFunction'],
    resources: [handler.functionArn],
  });
  return new Role(scope, 'MessageInvoker', {
    description: 'Sockethook: lets API Gateway hand messages to Lambda',
    assumedBy: new ServicePrincipal('apigateway.amazonaws.com'),
    inlinePolicies: { Invoke: new PolicyDocument({ statements: [invoke] }) },
  });
}

/**
 * Sends the messages that Lambda gives up to a queue. This stays even if no message is queued any more, since some may
 * still wait. The role of the function has the permission, since CDK's own destination would let it do more.
 */
export function redriveMessages(handler: IFunction, dead: IQueue): void {
  handler.configureAsyncInvoke({
    maxEventAge: Duration.seconds(queuedMessages.ageSeconds),
    retryAttempts: queuedMessages.retries,
    onFailure: { bind: () => ({ destination: dead.queueArn }) },
  });
}
