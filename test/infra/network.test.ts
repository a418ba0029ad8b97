import { Lazy, Stack } from 'aws-cdk-lib';
import { type IVpc, Port, SecurityGroup, Vpc } from 'aws-cdk-lib/aws-ec2';
import { describe, expect, test } from 'vitest';
import { parseContext } from '../../infra/aws/context.ts';
import { Sockethook } from '../../infra/aws/sockethook.ts';
import type { SockethookProps } from '../../infra/aws/sockethook-props.ts';
import { quickApp, Synthesised } from './synthesised.ts';

const [vpcId, one, two, group] = [
  'vpc-0a1b2c3d',
  'subnet-0a1b2c3d',
  'subnet-0a1b2c3d4e5f6a7b8',
  'sg-0a1b2c3d',
];
const named = { vpcId, subnetIds: `${one},${two}` };
const posters = ['connect', 'default', 'disconnect', 'retries', 'tasks'];

interface VpcConfig {
  readonly SubnetIds: readonly unknown[];
  readonly SecurityGroupIds: readonly unknown[];
}

/** Where each function stands that stands in a VPC. */
function placed(set: Synthesised): Record<string, VpcConfig> {
  const all = set.all('AWS::Lambda::Function').flatMap(([id, { Properties }]) => {
    const config = Properties['VpcConfig'];
    return config === undefined ? [] : [[/Functions(\w+)Function/.exec(id)?.[1] ?? id, config] as const];
  });
  return Object.fromEntries(all) as Record<string, VpcConfig>;
}

/** What a security group lets out. */
function egress(set: Synthesised): unknown[] {
  const rules = set.one('AWS::EC2::SecurityGroup', 'HookPosters').Properties['SecurityGroupEgress'];
  return (rules as Record<string, unknown>[]).map(({ CidrIp, FromPort, ToPort, IpProtocol }) => [
    ...[CidrIp, IpProtocol, FromPort, ToPort],
  ]);
}

/** A VPC with subnets of both kinds. */
function someVpc(scope: Stack): IVpc {
  return Vpc.fromVpcAttributes(scope, 'Vpc', {
    ...{ vpcId, availabilityZones: ['a', 'b'] },
    ...{ publicSubnetIds: ['subnet-11111111', 'subnet-22222222'], publicSubnetRouteTableIds: ['r', 'r'] },
    ...{ privateSubnetIds: [one, two], privateSubnetRouteTableIds: ['r', 'r'] },
  });
}

function made(props: (scope: Stack, vpc: IVpc) => Partial<SockethookProps>): Synthesised {
  const scope = new Stack(quickApp(), 'Test');
  const vpc = someVpc(scope);
  new Sockethook(scope, 'Gateway', { webhookBaseUrl: 'https://app.example/', vpc, ...props(scope, vpc) });
  return new Synthesised(scope);
}

describe('a gateway whose app is in a VPC', () => {
  const set = Synthesised.of(named);

  test('has its functions there that post hooks, and no other', () => {
    expect(Object.keys(placed(set)).sort()).toEqual(posters);
    for (const config of Object.values(placed(set))) {
      expect(config.SubnetIds).toEqual([one, two]);
      expect(set.line(config.SecurityGroupIds[0])).toBe('<HookPosters.GroupId>');
    }
    expect(placed(Synthesised.of())).toEqual({});
  });

  test.for([
    ['https://app.example/websocket', [443]],
    ['https://app.internal:8443/websocket', [443, 8_443]],
    ['http://app.internal/websocket', [443, 80]],
  ] as const)('whose base URL is %s lets them out to %j and nowhere else', ([webhookBaseUrl, ports]) => {
    const out = Synthesised.of({ ...named, webhookBaseUrl, allowInsecureWebhooks: true });
    expect(egress(out)).toEqual(ports.map((port) => ['0.0.0.0/0', 'tcp', port, port]));
    const { SecurityGroupIngress } = out.one('AWS::EC2::SecurityGroup').Properties;
    expect(SecurityGroupIngress).toBeUndefined();
  });

  test('whose base URL is not known yet lets them out by TCP', () => {
    const tasks = `${Lazy.string({ produce: () => 'https://later.example/' })}x`;
    expect(egress(made(() => ({ webhookBaseUrl: tasks })))).toContainEqual(['0.0.0.0/0', 'tcp', 0, 65_535]);
  });

  test('says what the app has to let in', () => {
    const { SecurityGroups } = set.template.findOutputs('SecurityGroups');
    expect(set.line(SecurityGroups?.['Value'])).toBe('<HookPosters.GroupId>');
  });

  test('takes security groups of the user’s, and makes none then', () => {
    const given = Synthesised.of({ ...named, securityGroupIds: group });
    expect(given.all('AWS::EC2::SecurityGroup')).toEqual([]);
    for (const config of Object.values(placed(given))) expect(config.SecurityGroupIds).toEqual([group]);
  });

  test('stands in the private subnets that have a way out, or in those that are named', () => {
    const subnets = (of: Synthesised) => placed(of)['connect']?.SubnetIds;
    expect(subnets(made(() => ({})))).toEqual([one, two]);
    const second = made((_, vpc) => ({ vpcSubnets: { subnets: vpc.privateSubnets.slice(1) } }));
    expect(subnets(second)).toEqual([two]);
  });

  test('is let in by the app’s own group in one line', () => {
    const scope = new Stack(quickApp(), 'Test');
    const vpc = someVpc(scope);
    const app = new SecurityGroup(scope, 'App', { vpc });
    const gateway = new Sockethook(scope, 'Gateway', { webhookBaseUrl: 'https://app.example/', vpc });
    app.connections.allowFrom(gateway, Port.tcp(443));
    const set = new Synthesised(scope);
    const { SourceSecurityGroupId, FromPort } = set.one('AWS::EC2::SecurityGroupIngress').Properties;
    expect([set.line(SourceSecurityGroupId), FromPort]).toEqual(['<HookPosters.GroupId>', 443]);
  });
});

describe('what Lambda does in a function’s name', () => {
  const set = Synthesised.of(named);
  const actions = [
    ...['ec2:CreateNetworkInterface', 'ec2:DescribeNetworkInterfaces', 'ec2:DescribeSubnets'],
    ...['ec2:DeleteNetworkInterface', 'ec2:AssignPrivateIpAddresses', 'ec2:UnassignPrivateIpAddresses'],
  ];
  const statements = (name: string): Record<string, unknown>[] => {
    const { Policies } = set.one('AWS::IAM::Role', `Functions${name}Role`).Properties;
    const all = (Policies as { PolicyDocument: { Statement: Record<string, unknown>[] } }[]).flatMap(
      ({ PolicyDocument }) => PolicyDocument.Statement,
    );
    return all.filter(({ Action }) => JSON.stringify(Action).includes('ec2:'));
  };

  test.for(posters)('%s may be connected to the VPC, and its own code may not touch that', (name) => {
    const Action = [...actions].sort();
    expect(statements(name)).toEqual([
      { Effect: 'Allow', Action, Resource: '*' },
      {
        ...{ Effect: 'Deny', Action, Resource: '*' },
        Condition: { Null: { 'lambda:SourceFunctionArn': 'false' } },
      },
    ]);
  });

  test('the others may not', () => {
    for (const name of ['send', 'broadcast', 'urls', 'sockets', 'health', 'sweep'])
      expect(statements(name)).toEqual([]);
  });
});

describe('what is said of a VPC', () => {
  test.for<[Record<string, unknown>, string]>([
    [{ vpcId }, 'vpcId and subnetIds go together.'],
    [{ subnetIds: one }, 'vpcId and subnetIds go together.'],
    [{ securityGroupIds: group }, 'securityGroupIds needs vpcId.'],
    [{ ...named, vpcId: 'vpc-1' }, 'vpcId must be the id of a VPC, vpc-....'],
    [{ ...named, subnetIds: ',' }, 'subnetIds must be ids of subnets, subnet-..., separated by commas.'],
    [
      { ...named, securityGroupIds: [group, one] },
      'securityGroupIds must be ids of security groups, sg-..., separated by commas.',
    ],
  ])('%j stops the synth', ([context, sentence]) => {
    const settings = parseContext({ webhookBaseUrl: 'https://app.example/', ...context });
    expect(settings).toEqual({ ok: false, error: [sentence] });
  });

  test('subnets without a VPC are refused in code too', () => {
    const make = () =>
      new Sockethook(new Stack(quickApp(), 'Test'), 'Gateway', {
        ...{ webhookBaseUrl: 'https://app.example/', securityGroups: [] },
      });
    expect(make).toThrow('vpcSubnets and securityGroups need vpc.');
  });
});
