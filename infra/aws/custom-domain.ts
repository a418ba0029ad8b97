import { Token } from 'aws-cdk-lib';
import { ApiMapping, DomainName, type HttpStage, type WebSocketStage } from 'aws-cdk-lib/aws-apigatewayv2';
import { ARecord, RecordTarget } from 'aws-cdk-lib/aws-route53';
import { ApiGatewayv2DomainProperties } from 'aws-cdk-lib/aws-route53-targets';
import type { Construct } from 'constructs';
import type { CustomDomain } from './sockethook-props.ts';

/** A requested domain name, and the region of its certificate if that is known. */
export interface RequestedDomain {
  readonly name: string;
  readonly certificateRegion: string | undefined;
}

/** All requested domain names. `region` is the stack's, if it is known. */
export interface RequestedDomains {
  readonly domain: RequestedDomain | undefined;
  readonly apiDomain: RequestedDomain | undefined;
  readonly prettyUrl: boolean;
  readonly region?: string | undefined;
}

/** One sentence per name that AWS would reject in the middle of a deployment. */
export function domainErrors({ domain, apiDomain, prettyUrl, region }: RequestedDomains): string[] {
  const errors: string[] = [];
  const regional = [apiDomain, prettyUrl ? undefined : domain].filter((requested) => requested !== undefined);
  for (const { name, certificateRegion: found } of regional) {
    // API Gateway Developer Guide, "Regional custom domain names": the certificate is in the API's region.
    if (found !== undefined && region !== undefined && found !== region)
      errors.push(
        `The certificate of ${name} is in ${found}; API Gateway takes one of its own region, ${region}.`,
      );
  }
  // CloudFront Developer Guide, "Requirements for using SSL/TLS certificates": us-east-1, wherever the origin is.
  const edge = prettyUrl ? domain?.certificateRegion : undefined;
  if (edge !== undefined && edge !== 'us-east-1')
    errors.push(
      `The certificate of ${domain?.name} is in ${edge}; with prettyUrl the name is CloudFront's, which takes certificates of us-east-1 alone.`,
    );
  if (domain !== undefined && domain.name === apiDomain?.name)
    errors.push(
      `${domain.name} can't be both APIs' name: API Gateway does not mix WebSocket and HTTP under one.`,
    );
  return errors;
}

/** A domain name requested in code. The region of its certificate may not be known before the deployment. */
export function requestedDomain({ name, certificate }: CustomDomain): RequestedDomain {
  // An imported certificate has the environment of the stack that imports it.
  const { certificateArn, env } = certificate;
  const region = Token.isUnresolved(certificateArn) ? env.region : certificateArn.split(':')[3];
  return { name, certificateRegion: Token.isUnresolved(region) ? undefined : region };
}

/** Maps a user's domain name to the only stage of an API, without a base path. Adds a DNS record if there is a zone. */
export function customDomain(
  scope: Construct,
  id: 'Domain' | 'ApiDomain',
  { name, certificate, hostedZone }: CustomDomain,
  stage: WebSocketStage | HttpStage,
): DomainName {
  const domainName = new DomainName(scope, id, { domainName: name, certificate });
  new ApiMapping(scope, `${id}Mapping`, { api: stage.api, domainName, stage });
  if (hostedZone !== undefined) {
    const { regionalDomainName, regionalHostedZoneId } = domainName;
    const alias = new ApiGatewayv2DomainProperties(regionalDomainName, regionalHostedZoneId);
    const target = RecordTarget.fromAlias(alias);
    new ARecord(scope, `${id}Record`, { zone: hostedZone, recordName: name, target });
  }
  return domainName;
}
