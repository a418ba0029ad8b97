import { Stack } from 'aws-cdk-lib';
import {
  CfnIntegrationResponse,
  WebSocketApi,
  WebSocketIntegration,
  type WebSocketRoute,
  type WebSocketRouteIntegration,
  WebSocketStage,
} from 'aws-cdk-lib/aws-apigatewayv2';
import {
  WebSocketLambdaIntegration,
  WebSocketMockIntegration,
} from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { pongFrame } from '../../functions/wire/ping.ts';
import { type Access, accessLog } from './access-log.ts';
import { queuedInvocation } from './queued-messages.ts';
import type { Settings } from './setting-rules.ts';
import type { WebSockets } from './web-sockets.ts';

/** The functions behind the three routes that every WebSocket API has. */
export interface WebSocketFunctions {
  readonly connect: IFunction;
  readonly default: IFunction;
  readonly disconnect: IFunction;
  /** It ends sockets too. */
  readonly tasks: IFunction;
}

/**
 * The name of the only stage, which is part of the URL. API Gateway: letters, digits, `-` and `_`; a WebSocket API has
 * no `$default` stage.
 */
const stageName = 'live';

/** Creates the API and its stage. The routes come later: their functions need the stage's URL. */
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
 * Adds the routes. With `replyBy` `route` the answer of a message's function goes to the client; otherwise API Gateway
 * drops it. The stage depends on the routes, so that its first deployment has all of them.
 */
export function addWebSocketRoutes(
  { api, stage }: WebSockets,
  functions: WebSocketFunctions,
  { messageInvocation, replyBy }: Pick<Settings, 'messageInvocation' | 'replyBy'>,
): void {
  const lambda = (id: string, handler: IFunction): { integration: WebSocketRouteIntegration } => ({
    integration: new WebSocketLambdaIntegration(id, handler),
  });
  const message =
    messageInvocation === 'event'
      ? { integration: queuedInvocation(api, functions.default) }
      : lambda('MessageHandler', functions.default);
  const messages = api.addRoute('$default', { ...message, returnResponse: replyBy === 'route' });
  // Those that end sockets keep what late messages need before Lambda queues the first one.
  if (messageInvocation === 'event')
    integrationOf(messages).node.addDependency(functions.disconnect, functions.tasks);
  stage.node.addDependency(
    api.addRoute('$connect', lambda('ConnectHandler', functions.connect)),
    messages,
    api.addRoute('$disconnect', lambda('DisconnectHandler', functions.disconnect)),
    ...pingRoute(api),
  );
}

/**
 * The route of `{"sockethook":"ping"}`. API Gateway itself answers with the pong, which starts no Lambda: an integration
 * that is no proxy needs an integration response, and the route a route response (API Gateway Developer Guide, "Set up a
 * WebSocket API integration response" and "Set up route responses for WebSocket APIs").
 */
function pingRoute(api: WebSocketApi): Construct[] {
  // The backslash makes the expression a literal text instead of a variable, so the templates always apply.
  const templateSelectionExpression = '\\$default';
  const integration = new WebSocketMockIntegration('Ping', {
    templateSelectionExpression,
    requestTemplates: { $default: '{"statusCode":200}' },
  });
  const route = api.addRoute('ping', { integration, returnResponse: true });
  const pong = new CfnIntegrationResponse(route, 'Pong', {
    apiId: api.apiId,
    integrationId: integrationOf(route).integrationId,
    integrationResponseKey: '$default',
    templateSelectionExpression,
    responseTemplates: { $default: pongFrame },
  });
  return [route, pong];
}

function integrationOf(route: WebSocketRoute): WebSocketIntegration {
  const made = route.node.findAll().find((part) => part instanceof WebSocketIntegration);
  if (made === undefined) throw new Error(`The route ${route.routeKey} has no integration.`);
  return made;
}
