import { Token } from 'aws-cdk-lib';
import { type ISecurityGroup, Peer, Port, SecurityGroup } from 'aws-cdk-lib/aws-ec2';
import { Effect, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { FunctionOptions } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import type { SockethookProps } from './sockethook-props.ts';

/** The VPC of the functions that post hooks, and the security groups that say what they may reach. */
export interface Network extends Pick<FunctionOptions, 'vpc' | 'vpcSubnets'> {
  readonly securityGroups: ISecurityGroup[];
}

/** Reads the network from the props; undefined without a VPC. Creates a security group unless the props have one. */
export function network(scope: Construct, props: SockethookProps): Network | undefined {
  const { vpc, vpcSubnets, securityGroups, webhookBaseUrl } = props;
  if (vpc === undefined) {
    if (vpcSubnets === undefined && securityGroups === undefined) return undefined;
    throw new Error('vpcSubnets and securityGroups need vpc.');
  }
  const subnets = vpcSubnets === undefined ? {} : { vpcSubnets };
  if (securityGroups !== undefined) return { vpc, ...subnets, securityGroups: [...securityGroups] };
  const group = new SecurityGroup(scope, 'HookPosters', {
    vpc,
    allowAllOutbound: false,
    description: 'Sockethook: the functions that post hooks',
  });
  // Security groups do not apply to the VPC's own DNS resolver, so DNS needs no rule.
  group.addEgressRule(Peer.anyIpv4(), Port.tcp(443), 'AWS');
  const port = portOf(webhookBaseUrl);
  if (port === undefined) group.addEgressRule(Peer.anyIpv4(), Port.allTcp(), 'The app, by a URL known later');
  else if (port !== 443) group.addEgressRule(Peer.anyIpv4(), Port.tcp(port), 'The app');
  return { vpc, ...subnets, securityGroups: [group] };
}

/** Undefined if the URL is a token, which is not known yet. */
function portOf(webhookBaseUrl: string): number | undefined {
  if (Token.isUnresolved(webhookBaseUrl)) return undefined;
  const { port, protocol } = new URL(webhookBaseUrl);
  return port === '' ? (protocol === 'http:' ? 80 : 443) : Number(port);
}

const interfaces = [
  'CreateNetworkInterface',
  'DescribeNetworkInterfaces',
  'DescribeSubnets',
  'DeleteNetworkInterface',
  'AssignPrivateIpAddresses',
  'UnassignPrivateIpAddresses',
].map((action) => `ec2:${action}`);

/**
 * Lets Lambda connect a function to a VPC with the function's role, and denies the function's own code the same. AWS
 * Lambda Developer Guide, "Giving Lambda functions access to resources in an Amazon VPC": on all resources.
 */
export function networkPermissions(): PolicyStatement[] {
  const all = { actions: interfaces, resources: ['*'] };
  return [
    new PolicyStatement(all),
    // The key is present if the function's code calls, and absent if Lambda itself does.
    new PolicyStatement({
      ...all,
      effect: Effect.DENY,
      conditions: { Null: { 'lambda:SourceFunctionArn': 'false' } },
    }),
  ];
}
