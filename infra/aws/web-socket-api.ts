import { Stack } from 'aws-cdk-lib';
import { WebSocketApi, WebSocketStage } from 'aws-cdk-lib/aws-apigatewayv2';
import {
  WebSocketLambdaIntegration,
  WebSocketMockIntegration,
} from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { type Access, accessLog } from './access-log.ts';

/** The functions behind the three routes that every WebSocket API has. */
export interface WebSocketFunctions {
  readonly connect: IFunction;
  readonly default: IFunction;
  readonly disconnect: IFunction;
}

/**
 * The name of the only stage; a part of the URL. API Gateway: letters, digits, `-` and `_`, and no `$default` for a
 * WebSocket API.
 */
const stageName = 'live';

/** A WebSocket API with its only stage. */
export interface WebSockets {
  readonly api: WebSocketApi;
  readonly stage: WebSocketStage;
}

/** Makes the API and its stage; the routes are added when their functions are there, which need the stage's URL. */
export function webSockets(scope: Construct, access: Access): WebSockets {
  const api = new WebSocketApi(scope, 'WebSocketApi', {
    apiName: `${Stack.of(scope).stackName}-websockets`,
    description: 'Sockethook: where clients connect',
    routeSelectionExpression: '$request.body.sockethook',
  });
  const stage = new WebSocketStage(scope, 'WebSocketStage', {
    webSocketApi: api,
    stageName,
    autoDeploy: true,
    throttle: access.throttle,
    ...accessLog(scope, 'WebSocketAccess', access),
  });
  return { api, stage };
}

/**
 * Adds the routes. With `returnsReply` a message's function answers the client; API Gateway drops what it returns
 * otherwise. The stage is made after them, so that its first deployment has them all.
 */
export function addWebSocketRoutes(
  { api, stage }: WebSockets,
  functions: WebSocketFunctions,
  returnsReply: boolean,
): void {
  const lambda = (id: string, handler: IFunction) => ({
    integration: new WebSocketLambdaIntegration(id, handler),
  });
  stage.node.addDependency(
    api.addRoute('$connect', lambda('ConnectHandler', functions.connect)),
    api.addRoute('$default', {
      ...lambda('MessageHandler', functions.default),
      returnResponse: returnsReply,
    }),
    api.addRoute('$disconnect', lambda('DisconnectHandler', functions.disconnect)),
    api.addRoute('ping', { integration: ping() }),
  );
}

/**
 * What `{"sockethook":"ping"}` comes to: 200 from API Gateway itself, which costs no Lambda. The route has no route
 * response, so the client hears nothing.
 */
function ping(): WebSocketMockIntegration {
  return new WebSocketMockIntegration('Ping', {
    // The backslash makes the expression a text and no variable, so that this template is always the one.
    templateSelectionExpression: '\\$default',
    requestTemplates: { $default: '{"statusCode":200}' },
  });
}
