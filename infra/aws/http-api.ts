import { Stack } from 'aws-cdk-lib';
import { HttpApi, HttpMethod, type HttpRoute, HttpStage } from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpIamAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2-authorizers';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { type Access, accessLog } from './access-log.ts';
import type { Settings } from './setting-rules.ts';

/** The functions behind the calls. */
export interface HttpFunctions {
  readonly send: IFunction;
  readonly broadcast: IFunction;
  readonly urls: IFunction;
  readonly sockets: IFunction;
  readonly health: IFunction;
}

const { GET, HEAD, POST, DELETE } = HttpMethod;

/** The calls of each function, as docs/http-api.md has them. */
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
} as const satisfies Readonly<Record<keyof HttpFunctions, readonly (readonly [HttpMethod, string])[]>>;

/** An HTTP API with its only stage. */
export interface Calls {
  readonly stage: HttpStage;
  /** Those that not everybody may make. */
  readonly guarded: readonly HttpRoute[];
}

/**
 * The HTTP API that apps call. Its functions check the API key themselves, unless IAM lets their callers in. What is
 * no call goes to `health`, which says so as a problem; API Gateway's own 404 would have no code.
 */
export function httpApi(
  scope: Construct,
  functions: HttpFunctions,
  access: Access,
  apiAuth: Settings['apiAuth'],
): Calls {
  const lambda = (name: keyof HttpFunctions) => new HttpLambdaIntegration(name, functions[name]);
  const httpApi = new HttpApi(scope, 'HttpApi', {
    apiName: `${Stack.of(scope).stackName}-calls`,
    description: 'Sockethook: what an app calls',
    createDefaultStage: false,
    defaultIntegration: lambda('health'),
  });
  const authorizer = apiAuth === 'iam' ? new HttpIamAuthorizer() : undefined;
  const routes = (name: keyof HttpFunctions, guard: typeof authorizer): HttpRoute[] => {
    const integration = lambda(name);
    return calls[name].flatMap(([method, path]) => {
      // RFC 9110 section 9.3.2: what takes GET takes HEAD; API Gateway has a route for each method.
      const methods = method === GET ? [GET, HEAD] : [method];
      return httpApi.addRoutes({ path, methods, integration, ...(guard && { authorizer: guard }) });
    });
  };
  const names = ['send', 'broadcast', 'urls', 'sockets'] as const;
  const guarded = names.flatMap((name) => routes(name, authorizer));
  routes('health', undefined);
  const stage = new HttpStage(scope, 'HttpStage', {
    ...{ httpApi, stageName: '$default', autoDeploy: true, throttle: access.throttle },
    ...accessLog(scope, 'HttpAccess', access),
  });
  return { stage, guarded };
}
