import { readFileSync } from 'node:fs';
import { runInNewContext } from 'node:vm';
import { Stack } from 'aws-cdk-lib';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import { HostedZone } from 'aws-cdk-lib/aws-route53';
import { describe, expect, test } from 'vitest';
import { parseContext } from '../../infra/aws/context.ts';
import { Sockethook } from '../../infra/aws/sockethook.ts';
import type { CustomDomain, SockethookProps } from '../../infra/aws/sockethook-props.ts';
import { quickApp, Synthesised } from './synthesised.ts';

const arn = 'arn:aws:acm:eu-central-1:123456789012:certificate/1';
const edgeArn = 'arn:aws:acm:us-east-1:123456789012:certificate/2';
const webAclArn = 'arn:aws:wafv2:us-east-1:123456789012:global/webacl/firewall/473e64fd';
const names = { domainName: 'ws.example.com', certificateArn: arn };

describe('a domain of one’s own', () => {
  const set = Synthesised.of({ domainName: 'ws.example.com', certificateArn: arn });

  test('is mapped to the stage, so that no stage stands in its URL', () => {
    expect(set.one('AWS::ApiGatewayV2::DomainName').Properties).toMatchObject({
      DomainName: 'ws.example.com',
    });
    expect(set.line(set.one('AWS::ApiGatewayV2::ApiMapping').Properties['ApiId'])).toBe('<WebSocketApi>');
    const { Properties, DependsOn } = set.one('AWS::ApiGatewayV2::ApiMapping');
    expect(Properties).not.toHaveProperty('ApiMappingKey');
    expect(Properties['Stage']).toBe('live');
    // By its name alone, CloudFormation does not know that the stage has to be there.
    expect(DependsOn).toContain(set.one('AWS::ApiGatewayV2::Stage', 'WebSocketStage').id);
  });

  test('has a mapping whose logical id says what it is', () => {
    expect(set.one('AWS::ApiGatewayV2::ApiMapping').id).toMatch(/^GatewayDomainMapping[0-9A-F]{8}$/);
  });

  test('is where URLs are minted for, while @connections stays with the stage', () => {
    const { Variables } = set.lambda('urls').Properties['Environment'] as {
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

describe('a domain of the HTTP API', () => {
  const set = Synthesised.of({ apiDomainName: 'api.example.com', apiCertificateArn: arn });

  test('is mapped to its stage, and is what the app is told to call', () => {
    expect(set.one('AWS::ApiGatewayV2::DomainName').Properties['DomainName']).toBe('api.example.com');
    const { Properties, DependsOn } = set.one('AWS::ApiGatewayV2::ApiMapping');
    expect(set.line(Properties['ApiId'])).toBe('<HttpApi>');
    expect(Properties['Stage']).toBe('$default');
    expect(DependsOn).toEqual([set.one('AWS::ApiGatewayV2::Stage', 'HttpStage').id]);
    expect(output(set, 'ApiUrl')).toBe('https://api.example.com');
  });

  test('says where its record has to point', () => {
    expect(output(set, 'ApiDomainTarget')).toBe('<ApiDomain.RegionalDomainName>');
  });

  test('stands beside one of the WebSocket API, each with its own resources', () => {
    const both = Synthesised.of({ ...names, apiDomainName: 'api.example.com', apiCertificateArn: arn });
    expect(both.all('AWS::ApiGatewayV2::ApiMapping').map(([id]) => id.replace(/[0-9A-F]{8}$/, ''))).toEqual([
      'GatewayApiDomainMapping',
      'GatewayDomainMapping',
    ]);
  });
});

describe('what AWS would refuse of a domain', () => {
  const stack = (region: string) => new Stack(quickApp(), 'Test', { env: { account: '1', region } });
  const make = (region: string, props: (scope: Stack) => Partial<SockethookProps>) => () => {
    const scope = stack(region);
    return new Sockethook(scope, 'Gateway', { webhookBaseUrl: 'https://app.example/', ...props(scope) });
  };
  const imported = (scope: Stack, certificateArn = arn) => ({
    name: 'ws.example.com',
    certificate: Certificate.fromCertificateArn(scope, 'Certificate', certificateArn),
  });

  test('a certificate of another region than its API', () => {
    const sentence =
      'The certificate of ws.example.com is in eu-central-1; API Gateway takes one of its own region, us-east-1.';
    expect(make('us-east-1', (scope) => ({ domain: imported(scope) }))).toThrow(sentence);
    expect(make('us-east-1', (scope) => ({ apiDomain: imported(scope) }))).toThrow(sentence);
    expect(make('eu-central-1', (scope) => ({ domain: imported(scope) }))).not.toThrow();
  });

  test('a certificate that CloudFront can’t use, be it imported or made in the stack', () => {
    const sentence =
      "The certificate of ws.example.com is in eu-central-1; with prettyUrl the name is CloudFront's, which takes certificates of us-east-1 alone.";
    const own = (scope: Stack) => ({
      name: 'ws.example.com',
      certificate: new Certificate(scope, 'Certificate', { domainName: 'ws.example.com' }),
    });
    const pretty = (domain: (scope: Stack) => CustomDomain) => (scope: Stack) => ({
      domain: domain(scope),
      prettyUrl: true,
    });
    expect(make('us-east-1', pretty(imported))).toThrow(sentence);
    expect(make('eu-central-1', pretty(own))).toThrow(sentence);
    expect(make('us-east-1', pretty(own))).not.toThrow();
    expect(
      make(
        'eu-central-1',
        pretty((scope) => imported(scope, edgeArn)),
      ),
    ).not.toThrow();
  });

  test.for<[Record<string, unknown>, string]>([
    [
      { ...names, apiDomainName: 'ws.example.com', apiCertificateArn: arn },
      "ws.example.com can't be both APIs' name: API Gateway does not mix WebSocket and HTTP under one.",
    ],
    [
      { ...names, prettyUrl: true },
      "The certificate of ws.example.com is in eu-central-1; with prettyUrl the name is CloudFront's, which takes certificates of us-east-1 alone.",
    ],
    [{ apiDomainName: 'api.example.com' }, 'apiDomainName and apiCertificateArn go together.'],
    [{ certificateArn: arn }, 'domainName and certificateArn go together.'],
    [{ webAclArn }, 'webAclArn needs prettyUrl: AWS WAF protects CloudFront, and neither API.'],
    [
      { prettyUrl: true, webAclArn: webAclArn.replace('global', 'regional') },
      'webAclArn must be the ARN of a web ACL for CloudFront, arn:aws:wafv2:us-east-1:...:global/webacl/....',
    ],
  ])('%j stops the synth', ([context, sentence]) => {
    const settings = parseContext({ webhookBaseUrl: 'https://app.example/', ...context });
    expect(settings).toEqual({ ok: false, error: [sentence] });
  });
});

/** The value of an output. */
function output(set: Synthesised, name: string): string {
  return set.line(set.template.findOutputs(name)[name]?.['Value']);
}

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

  test('has the user’s name with its certificate, which the WebSocket API then has not', () => {
    const named = Synthesised.of({ ...names, prettyUrl: true, certificateArn: edgeArn });
    const { DistributionConfig } = named.one('AWS::CloudFront::Distribution').Properties;
    expect(DistributionConfig).toMatchObject({
      Aliases: ['ws.example.com'],
      ViewerCertificate: { AcmCertificateArn: edgeArn, MinimumProtocolVersion: 'TLSv1.2_2021' },
    });
    expect(DistributionConfig).not.toHaveProperty('WebACLId');
    expect(named.all('AWS::ApiGatewayV2::DomainName')).toEqual([]);
    expect(output(named, 'PrettyUrl')).toBe('wss://ws.example.com');
    expect(output(named, 'WebSocketUrl')).toBe('wss://ws.example.com');
    expect(output(named, 'WebSocketDomainTarget')).toBe('<PrettyUrl.DomainName>');
  });

  test('without a name of the user’s, is not what URLs are minted for', () => {
    expect(output(set, 'PrettyUrl')).toBe('wss://<PrettyUrl.DomainName>');
    expect(output(set, 'WebSocketUrl')).toContain('.execute-api.');
    expect(set.template.findOutputs('WebSocketDomainTarget')).toEqual({});
  });

  test('gets its records, for IPv6 too, where the zone is known', () => {
    const stack = new Stack(quickApp(), 'Test');
    const hostedZone = HostedZone.fromHostedZoneAttributes(stack, 'Zone', {
      ...{ hostedZoneId: 'Z', zoneName: 'example.com' },
    });
    const certificate = Certificate.fromCertificateArn(stack, 'Certificate', edgeArn);
    const domain = { name: 'ws.example.com', certificate, hostedZone };
    new Sockethook(stack, 'Gateway', { webhookBaseUrl: 'https://app.example/', domain, prettyUrl: true });
    const records = new Synthesised(stack).all('AWS::Route53::RecordSet');
    expect(records.map(([, { Properties }]) => [Properties['Name'], Properties['Type']])).toEqual([
      ['ws.example.com.', 'A'],
      ['ws.example.com.', 'AAAA'],
    ]);
  });

  test('is behind the firewall that it is given', () => {
    const walled = Synthesised.of({ prettyUrl: true, webAclArn });
    const { DistributionConfig } = walled.one('AWS::CloudFront::Distribution').Properties;
    expect(DistributionConfig).toMatchObject({ WebACLId: webAclArn });
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
