import { fileURLToPath } from 'node:url';
import { Fn } from 'aws-cdk-lib';
import {
  AllowedMethods,
  CachePolicy,
  Distribution,
  type DistributionProps,
  Function as EdgeFunction,
  FunctionCode,
  FunctionEventType,
  FunctionRuntime,
  OriginProtocolPolicy,
  OriginRequestPolicy,
  SecurityPolicyProtocol,
  ViewerProtocolPolicy,
} from 'aws-cdk-lib/aws-cloudfront';
import { HttpOrigin } from 'aws-cdk-lib/aws-cloudfront-origins';
import { AaaaRecord, ARecord, type IHostedZone, RecordTarget } from 'aws-cdk-lib/aws-route53';
import { CloudFrontTarget } from 'aws-cdk-lib/aws-route53-targets';
import type { Construct } from 'constructs';
import type { CustomDomain } from './sockethook-props.ts';
import type { WebSockets } from './web-sockets.ts';

const code = fileURLToPath(new URL('pretty-path.js', import.meta.url));

/** The user's settings for CloudFront. */
export interface PrettyUrlProps {
  /** Its domain name; CloudFront's own if undefined. */
  readonly domain: CustomDomain | undefined;
  /** The ARN of its web ACL. */
  readonly webAclArn: string | undefined;
}

/**
 * CloudFront in front of the WebSocket API, so that a client may write its path as a path. API Gateway rejects a Host
 * other than its own, so every header but that one is forwarded. Nothing is cached.
 */
export function prettyUrl(
  scope: Construct,
  { api, stage }: WebSockets,
  { domain, webAclArn }: PrettyUrlProps,
): Distribution {
  const origin = new HttpOrigin(Fn.select(2, Fn.split('/', api.apiEndpoint)), {
    originPath: `/${stage.stageName}`,
    protocolPolicy: OriginProtocolPolicy.HTTPS_ONLY,
  });
  const path = new EdgeFunction(scope, 'PrettyPath', {
    code: FunctionCode.fromFile({ filePath: code }),
    runtime: FunctionRuntime.JS_2_0,
    comment: 'Sockethook: the path of a client becomes a parameter',
  });
  const distribution = new Distribution(scope, 'PrettyUrl', {
    comment: 'Sockethook: WebSockets by their path',
    ...(domain === undefined ? {} : named(domain)),
    ...(webAclArn === undefined ? {} : { webAclId: webAclArn }),
    defaultBehavior: {
      origin,
      allowedMethods: AllowedMethods.ALLOW_GET_HEAD,
      cachePolicy: CachePolicy.CACHING_DISABLED,
      originRequestPolicy: OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER,
      viewerProtocolPolicy: ViewerProtocolPolicy.HTTPS_ONLY,
      functionAssociations: [{ function: path, eventType: FunctionEventType.VIEWER_REQUEST }],
    },
  });
  if (domain?.hostedZone !== undefined) record(scope, domain.name, domain.hostedZone, distribution);
  return distribution;
}

function named({ name, certificate }: CustomDomain): Partial<DistributionProps> {
  const minimumProtocolVersion = SecurityPolicyProtocol.TLS_V1_2_2021;
  return { domainNames: [name], certificate, minimumProtocolVersion };
}

/** Two records, since CloudFront listens on IPv6 too. */
function record(scope: Construct, recordName: string, zone: IHostedZone, distribution: Distribution): void {
  const target = RecordTarget.fromAlias(new CloudFrontTarget(distribution));
  new ARecord(scope, 'DomainRecord', { zone, recordName, target });
  new AaaaRecord(scope, 'DomainRecordIPv6', { zone, recordName, target });
}
