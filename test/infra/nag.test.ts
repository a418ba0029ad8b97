import { Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { describe, expect, test } from 'vitest';
import { stackOf } from './synthesised.ts';

/** What we do otherwise than the AwsSolutions rules say, each with its reason. */
const always: Readonly<Record<string, string>> = {
  'AwsSolutions-APIG4':
    'The functions check for themselves: API keys on every call, tickets on $connect, both from secrets that can be rotated without a deploy.',
  'AwsSolutions-DDB3': 'A socket does not outlive its connection: a restored one is dead.',
  'AwsSolutions-SMG4':
    'Rotation is the operator’s: whoever holds an old key has to get the new one, and each list holds both meanwhile.',
};

/** What is done so only while nothing is set. */
const asItIs: Readonly<Record<string, string>> = {
  'AwsSolutions-APIG1':
    'Access logs of a WebSocket API need a role of the whole account, which no stack should own; the setting accessLogs writes them where that role is.',
};

/** What the settings bring that add something. */
const withEverything: Readonly<Record<string, string>> = {
  'AwsSolutions-CFR1': 'Who may connect is for the app to say, when it is asked.',
  'AwsSolutions-CFR2':
    'A firewall costs more than the rest of an idle gateway, and sees no message. Both stages are throttled.',
  'AwsSolutions-CFR3':
    'CloudFront’s log has the query in it, and with it the ticket that lets its bearer in.',
  'AwsSolutions-CFR4': 'Under a name of CloudFront’s the versions of TLS are CloudFront’s to choose.',
  'AwsSolutions-IAM5[Resource::*]':
    'X-Ray knows no resources: its two actions are allowed on all or on none. Lambda connects a function to a VPC by actions that it asks for on all resources; the code of the function may not use them.',
};
const wildcardReason = 'The ids of connections are made at run time; API, stage and method are named.';

/** Every rule that the stack breaks, when these are acknowledged. */
function broken(context: Context, reasons: Readonly<Record<string, string>>): string[] {
  const stack = stackOf(context);
  const given = Object.entries(reasons).map(([id, reason]) => ({ id, reason }));
  if (given.length > 0) Validations.of(stack).acknowledge(...given);
  const { violations } = new AwsSolutionsChecks(stack).validateScope(stack);
  return [...new Set(violations.map(({ ruleName }) => ruleName))].sort();
}

/** A wildcard is acknowledged by the whole of what it is found in: here the connections of one stage, by method. */
function wildcards(): Record<string, string> {
  const stack = stackOf();
  const { Ref } = stack.resolve(stack.gateway.webSockets.api.apiId);
  const found = ['POST', 'GET', 'DELETE'].map(
    (method) =>
      `AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:execute-api:<AWS::Region>:<AWS::AccountId>:<${Ref}>/live/${method}/@connections/*]`,
  );
  return Object.fromEntries(found.map((id) => [id, wildcardReason]));
}

type Context = Readonly<Record<string, unknown>>;

describe.for<[string, Context, Readonly<Record<string, string>>]>([
  ['the stack as it is', {}, asItIs],
  [
    'the stack with all that can be added',
    {
      ...{ prettyUrl: true, tracing: true, accessLogs: true, hooks: 'handshake,message,closed,joined,left' },
      ...{ vpcId: 'vpc-0a1b2c3d', subnetIds: 'subnet-0a1b2c3d', apiAuth: 'iam' },
    },
    withEverything,
  ],
])('%s', ([, context, own]) => {
  const acknowledged = { ...always, ...own, ...wildcards() };

  test('keeps to the AwsSolutions rules, but for those that have a reason', () => {
    expect(broken(context, acknowledged)).toEqual([]);
  });

  test('breaks every rule that has a reason, so that each acknowledgement is needed', () => {
    expect(broken(context, {})).toEqual(Object.keys(acknowledged).sort());
  });
});
