import { fileURLToPath } from 'node:url';
import { Fn } from 'aws-cdk-lib';
import {
  AllowedMethods,
  CachePolicy,
  Distribution,
  Function as EdgeFunction,
  FunctionCode,
  FunctionEventType,
  FunctionRuntime,
  OriginProtocolPolicy,
  OriginRequestPolicy,
  ViewerProtocolPolicy,
} from 'aws-cdk-lib/aws-cloudfront';
import { HttpOrigin } from 'aws-cdk-lib/aws-cloudfront-origins';
import type { Construct } from 'constructs';
import type { WebSockets } from './web-socket-api.ts';

const code = fileURLToPath(new URL('pretty-path.js', import.meta.url));

/**
 * CloudFront in front of the WebSocket API, so that a client may write its path as a path. API Gateway refuses a Host
 * other than its own, so all but that header goes along; nothing is cached.
 */
export function prettyUrl(scope: Construct, { api, stage }: WebSockets): Distribution {
  const origin = new HttpOrigin(Fn.select(2, Fn.split('/', api.apiEndpoint)), {
    originPath: `/${stage.stageName}`,
    protocolPolicy: OriginProtocolPolicy.HTTPS_ONLY,
  });
  const path = new EdgeFunction(scope, 'PrettyPath', {
    code: FunctionCode.fromFile({ filePath: code }),
    runtime: FunctionRuntime.JS_2_0,
    comment: 'Sockethook: the path of a client becomes a parameter',
  });
  return new Distribution(scope, 'PrettyUrl', {
    comment: 'Sockethook: WebSockets by their path',
    defaultBehavior: {
      origin,
      allowedMethods: AllowedMethods.ALLOW_GET_HEAD,
      cachePolicy: CachePolicy.CACHING_DISABLED,
      originRequestPolicy: OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER,
      viewerProtocolPolicy: ViewerProtocolPolicy.HTTPS_ONLY,
      functionAssociations: [{ function: path, eventType: FunctionEventType.VIEWER_REQUEST }],
    },
  });
}
