import { CfnOutput, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import { SecurityGroup, Vpc } from 'aws-cdk-lib/aws-ec2';
import { Topic } from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';
import type { StackSettings } from './context.ts';
import { Sockethook } from './sockethook.ts';
import type { CustomDomain, SockethookProps } from './sockethook-props.ts';

type StackNetwork = Pick<StackSettings, 'vpcId' | 'subnetIds' | 'securityGroupIds'>;

/** A stack with one gateway, for users who have no CDK app. Its outputs are what your app needs to know. */
export class SockethookStack extends Stack {
  readonly gateway: Sockethook;

  constructor(scope: Construct, settings: StackSettings) {
    const description = 'Sockethook: WebSockets for an app that only speaks HTTP';
    super(scope, settings.stackName, { description });
    this.gateway = new Sockethook(this, 'Gateway', this.#props(settings));
    const { webSocketUrl, apiUrl, secrets } = this.gateway;
    this.#output('WebSocketUrl', webSocketUrl, 'Where clients connect; the app’s SOCKETHOOK_WEBSOCKET_URL');
    this.#output('ApiUrl', apiUrl, 'What the app calls; its SOCKETHOOK_API_URL');
    this.#output('ApiKeysSecret', secrets.apiKeys.secretArn, 'Holds SOCKETHOOK_API_KEY');
    this.#output('WebhookSecretsSecret', secrets.webhookSecrets.secretArn, 'Holds SOCKETHOOK_WEBHOOK_SECRET');
    this.#output('UrlKeysSecret', secrets.urlKeys.secretArn, 'Holds SOCKETHOOK_URL_KEY');
    if (settings.vpcId !== undefined) {
      const groups = this.gateway.connections.securityGroups.map(({ securityGroupId }) => securityGroupId);
      this.#output('SecurityGroups', groups.join(','), 'Security groups that the app must let in');
    }
    this.#outputNames(settings.domainName);
  }

  #outputNames(domainName: string | undefined): void {
    const { domain, apiDomain, pretty } = this.gateway;
    const edge = pretty?.distributionDomainName;
    const target = domainName === undefined ? undefined : (domain?.regionalDomainName ?? edge);
    if (target !== undefined)
      this.#output('WebSocketDomainTarget', target, 'What the CNAME of domainName points at');
    if (apiDomain)
      this.#output(
        'ApiDomainTarget',
        apiDomain.regionalDomainName,
        'What the CNAME of apiDomainName points at',
      );
    if (edge !== undefined) this.#output('PrettyUrl', `wss://${domainName ?? edge}`, 'Append the path to it');
  }

  #props({ gateway, ...stack }: StackSettings): SockethookProps {
    return {
      ...gateway,
      hooks: [...gateway.hooks],
      allowedOrigins: gateway.allowedOrigins && [...gateway.allowedOrigins],
      ...this.#network(stack),
      removalPolicy: stack.removalPolicy === 'retain' ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
      domain: this.#domain('Certificate', stack.domainName, stack.certificateArn),
      apiDomain: this.#domain('ApiCertificate', stack.apiDomainName, stack.apiCertificateArn),
      alarmTopic:
        stack.alarmTopicArn === undefined
          ? undefined
          : Topic.fromTopicArn(this, 'AlarmTopic', stack.alarmTopicArn),
    };
  }

  /** Only the ids of the subnets matter. CDK asks for zones and route tables as well, and functions use neither. */
  #network({ vpcId, subnetIds, securityGroupIds }: StackNetwork): Partial<SockethookProps> {
    if (vpcId === undefined || subnetIds === undefined) return {};
    const vpc = Vpc.fromVpcAttributes(this, 'Vpc', {
      vpcId,
      availabilityZones: subnetIds.map((_, at) => `zone-${at}`),
      privateSubnetIds: [...subnetIds],
      privateSubnetRouteTableIds: subnetIds.map((id) => `of-${id}`),
    });
    if (securityGroupIds === undefined) return { vpc };
    const group = (id: string) => SecurityGroup.fromSecurityGroupId(this, id, id);
    return { vpc, securityGroups: securityGroupIds.map(group) };
  }

  #domain(id: string, name: string | undefined, arn: string | undefined): CustomDomain | undefined {
    if (name === undefined || arn === undefined) return undefined;
    return { name, certificate: Certificate.fromCertificateArn(this, id, arn) };
  }

  #output(id: string, value: string, description: string): void {
    new CfnOutput(this, id, { value, description });
  }
}
