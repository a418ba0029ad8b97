import { DomainName } from 'aws-cdk-lib/aws-apigatewayv2';
import { ARecord, RecordTarget } from 'aws-cdk-lib/aws-route53';
import { ApiGatewayv2DomainProperties } from 'aws-cdk-lib/aws-route53-targets';
import type { Construct } from 'constructs';
import type { WebSocketDomain } from './sockethook-props.ts';

/** The user's name for the WebSocket API; its record too, if we are told where. */
export function customDomain(
  scope: Construct,
  { name, certificate, hostedZone }: WebSocketDomain,
): DomainName {
  const domain = new DomainName(scope, 'Domain', { domainName: name, certificate });
  if (hostedZone !== undefined) {
    const alias = new ApiGatewayv2DomainProperties(domain.regionalDomainName, domain.regionalHostedZoneId);
    new ARecord(scope, 'DomainRecord', {
      zone: hostedZone,
      recordName: name,
      target: RecordTarget.fromAlias(alias),
    });
  }
  return domain;
}
