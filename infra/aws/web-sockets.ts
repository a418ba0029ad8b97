import type { WebSocketApi, WebSocketStage } from 'aws-cdk-lib/aws-apigatewayv2';

// In a file of its own, since users import the construct's types and have none of valibot, which the settings need.

/** A WebSocket API with its only stage. */
export interface WebSockets {
  readonly api: WebSocketApi;
  readonly stage: WebSocketStage;
}
