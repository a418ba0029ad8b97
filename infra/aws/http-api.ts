import { Stack } from 'aws-cdk-lib';
import { HttpApi, HttpMethod, type HttpRoute, HttpStage } from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpIamAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2-authorizers';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { type ApiFunctionName, routes, withHead } from '../../functions/wire/routes.ts';
import { type Access, accessLog } from './access-log.ts';
import type { Settings } from './setting-rules.ts';

/** An HTTP API with its only stage. */
export interface HttpApiParts {
  readonly stage: HttpStage;
  /** The routes that not everybody may call. */
  readonly guarded: readonly HttpRoute[];
}

/**
 * The HTTP API that apps call. Its functions check the API key themselves, unless IAM lets their callers in. A request
 * that is no call goes to `health`, which answers with a problem; API Gateway's own 404 has no code.
 */
export function httpApi(
  scope: Construct,
  functions: Readonly<Record<ApiFunctionName, IFunction>>,
  access: Access,
  apiAuth: Settings['apiAuth'],
): HttpApiParts {
  const lambda = (name: ApiFunctionName) => new HttpLambdaIntegration(name, functions[name]);
  const httpApi = new HttpApi(scope, 'HttpApi', {
    apiName: `${Stack.of(scope).stackName}-calls`,
    description: 'Sockethook: what an app calls',
    createDefaultStage: false,
    defaultIntegration: lambda('health'),
  });
  const authorizer = apiAuth === 'iam' ? new HttpIamAuthorizer() : undefined;
  const lambdas = new Map<ApiFunctionName, HttpLambdaIntegration>();
  const guarded: HttpRoute[] = [];
  for (const [path, { function: name, methods }] of Object.entries(routes)) {
    const integration = lambdas.get(name) ?? lambda(name);
    lambdas.set(name, integration);
    const isGuarded = name !== 'health';
    const added = httpApi.addRoutes({
      path,
      methods: withHead(methods).map((method) => HttpMethod[method]),
      integration,
      ...(isGuarded && authorizer !== undefined && { authorizer }),
    });
    if (isGuarded) guarded.push(...added);
  }
  const stage = new HttpStage(scope, 'HttpStage', {
    httpApi,
    stageName: '$default',
    autoDeploy: true,
    throttle: access.throttle,
    ...accessLog(scope, 'HttpAccess', access),
  });
  return { stage, guarded };
}
