import { readFileSync } from 'node:fs';
import { runInNewContext } from 'node:vm';
import { Stack } from 'aws-cdk-lib';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import { HostedZone } from 'aws-cdk-lib/aws-route53';
import { describe, expect, test } from 'vitest';
import { Sockethook } from '../../infra/aws/sockethook.ts';
import { quickApp, Synthesised } from './synthesised.ts';

const arn = 'arn:aws:acm:eu-central-1:123456789012:certificate/1';

describe('a domain of one’s own', () => {
  const set = Synthesised.of({ domainName: 'ws.example.com', certificateArn: arn });

  test('is mapped to the stage, so that no stage stands in its URL', () => {
    expect(set.one('AWS::ApiGatewayV2::DomainName').Properties).toMatchObject({
      DomainName: 'ws.example.com',
    });
    expect(set.line(set.one('AWS::ApiGatewayV2::ApiMapping').Properties['ApiId'])).toBe('<WebSocketApi>');
    expect(set.one('AWS::ApiGatewayV2::ApiMapping').Properties).not.toHaveProperty('ApiMappingKey');
  });

  test('is where URLs are minted for, while @connections stays with the stage', () => {
    const { Variables } = set.door('urls').Properties['Environment'] as {
      Variables: Record<string, unknown>;
    };
    expect(Variables['WEBSOCKET_URL']).toBe('wss://ws.example.com');
    expect(set.line(Variables['CALLBACK_URL'])).toContain('.execute-api.');
  });

  test('says where its record has to point', () => {
    const outputs = set.template.findOutputs('WebSocketDomainTarget');
    expect(set.line(outputs['WebSocketDomainTarget']?.['Value'])).toBe('<Domain.RegionalDomainName>');
  });

  test('gets its record where the zone is known', () => {
    const stack = new Stack(quickApp(), 'Test');
    const hostedZone = HostedZone.fromHostedZoneAttributes(stack, 'Zone', {
      hostedZoneId: 'Z',
      zoneName: 'example.com',
    });
    const certificate = Certificate.fromCertificateArn(stack, 'Certificate', arn);
    const domain = { name: 'ws.example.com', certificate, hostedZone };
    new Sockethook(stack, 'Gateway', { webhookBaseUrl: 'https://app.example/', domain });
    const { Properties } = new Synthesised(stack).one('AWS::Route53::RecordSet');
    expect(Properties).toMatchObject({ Name: 'ws.example.com.', Type: 'A', HostedZoneId: 'Z' });
  });
});

interface EdgeRequest {
  readonly uri: string;
  readonly querystring: Readonly<Record<string, unknown>>;
}

describe('CloudFront in front', () => {
  const set = Synthesised.of({ prettyUrl: 'true' });

  test('passes all but Host on to the stage, over TLS alone, and keeps nothing', () => {
    const { DistributionConfig } = set.one('AWS::CloudFront::Distribution').Properties as {
      DistributionConfig: { Origins: object[]; DefaultCacheBehavior: object };
    };
    expect(DistributionConfig.Origins).toMatchObject([
      { OriginPath: '/live', CustomOriginConfig: { OriginProtocolPolicy: 'https-only' } },
    ]);
    expect(DistributionConfig.DefaultCacheBehavior).toMatchObject({
      // CachingDisabled and AllViewerExceptHostHeader, which have the same ids in every account.
      CachePolicyId: '4135ea2d-6df8-44a3-9df3-4b5a84be39ad',
      OriginRequestPolicyId: 'b689b0a8-53d0-40ab-baf2-68738e2966ac',
      ViewerProtocolPolicy: 'https-only',
      FunctionAssociations: [{ EventType: 'viewer-request' }],
    });
    expect(set.one('AWS::CloudFront::Function').Properties['FunctionCode']).toBe(code);
    expect(Object.keys(set.template.findOutputs('PrettyUrl'))).toEqual(['PrettyUrl']);
  });

  const code = readFileSync('infra/aws/pretty-path.js', 'utf8');
  const pass = (request: EdgeRequest): EdgeRequest =>
    runInNewContext(`${code}; handler({ request })`, { request });

  test.for([
    ['/foo/bar', '%2Ffoo%2Fbar'],
    ['/a%20b', '%2Fa%2520b'],
    ['/caf%C3%A9/', '%2Fcaf%25C3%25A9%2F'],
    ["/it's~fine", "%2Fit's~fine"],
  ] as const)('%s becomes the parameter path, escaped once more: %s', ([uri, path]) => {
    expect(pass({ uri, querystring: {} })).toEqual({ uri: '/', querystring: { path: { value: path } } });
  });

  test('a client’s own parameters stay, but for one that would be the path', () => {
    const querystring = {
      ticket: { value: 'a.b.c' },
      x: { value: '1', multiValue: [{ value: '1' }, { value: '2' }] },
    };
    expect(pass({ uri: '/foo', querystring: { ...querystring, path: { value: '%2Fbar' } } })).toEqual({
      uri: '/',
      querystring: { ...querystring, path: { value: '%2Ffoo' } },
    });
  });

  test('without a path everything is as it was, the form with ?path= too', () => {
    for (const querystring of [{}, { path: { value: '%2Ffoo' } }]) {
      expect(pass({ uri: '/', querystring })).toEqual({ uri: '/', querystring });
    }
  });
});
