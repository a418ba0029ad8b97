import { Stack } from 'aws-cdk-lib';
import { HttpApi, HttpMethod, HttpStage } from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { type Access, accessLog } from './access-log.ts';

/** The functions behind the calls. */
export interface HttpDoors {
  readonly send: IFunction;
  readonly broadcast: IFunction;
  readonly urls: IFunction;
  readonly sockets: IFunction;
  readonly health: IFunction;
}

const { GET, HEAD, POST, DELETE } = HttpMethod;

/** The calls of each function, as the README has them. */
const calls = {
  send: [[POST, '/send']],
  broadcast: [[POST, '/broadcast']],
  urls: [[POST, '/urls']],
  sockets: [
    [GET, '/sockets'],
    [GET, '/sockets/{socket}'],
    [DELETE, '/sockets/{socket}'],
  ],
  health: [
    [GET, '/health'],
    [GET, '/openapi.json'],
    [GET, '/asyncapi.json'],
  ],
} as const satisfies Readonly<Record<keyof HttpDoors, readonly (readonly [HttpMethod, string])[]>>;

/**
 * The HTTP API that apps call. Its functions check the API key themselves. What is no call goes to `health`, which
 * says so as a problem; API Gateway's own 404 would have no code.
 */
export function httpApi(scope: Construct, doors: HttpDoors, access: Access): HttpStage {
  const lambda = (name: keyof HttpDoors) => new HttpLambdaIntegration(name, doors[name]);
  const httpApi = new HttpApi(scope, 'HttpApi', {
    apiName: `${Stack.of(scope).stackName}-calls`,
    description: 'Sockethook: what an app calls',
    createDefaultStage: false,
    defaultIntegration: lambda('health'),
  });
  const names: readonly (keyof HttpDoors)[] = ['send', 'broadcast', 'urls', 'sockets', 'health'];
  for (const name of names) {
    const integration = lambda(name);
    for (const [method, path] of calls[name]) {
      // RFC 9110 section 9.3.2: what takes GET takes HEAD; API Gateway has a route for each method.
      httpApi.addRoutes({ path, methods: method === GET ? [GET, HEAD] : [method], integration });
    }
  }
  return new HttpStage(scope, 'HttpStage', {
    ...{ httpApi, stageName: '$default', autoDeploy: true, throttle: access.throttle },
    ...accessLog(scope, 'HttpAccess', access),
  });
}
