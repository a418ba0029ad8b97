import { Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { expect, test } from 'vitest';
import { stackOf } from './synthesised.ts';

/** What we do otherwise than the AwsSolutions rules say, each with its reason. */
const acknowledged: Readonly<Record<string, string>> = {
  'AwsSolutions-APIG1':
    'Access logs of a WebSocket API need a role of the whole account, which no stack should own; the setting accessLogs writes them where that role is.',
  'AwsSolutions-APIG4':
    'The functions check for themselves: API keys on every call, tickets on $connect, both from secrets that can be rotated without a deploy.',
  'AwsSolutions-DDB3': 'A socket does not outlive its connection: a restored one is dead.',
  'AwsSolutions-SMG4':
    'Rotation is the operator’s: whoever holds an old key has to get the new one, and each list holds both meanwhile.',
};
const wildcard = 'AwsSolutions-IAM5';
const wildcardReason = 'The ids of connections are made at run time; API, stage and method are named.';

/** Every rule that the stack breaks, when these are acknowledged. */
function broken(reasons: Readonly<Record<string, string>>): string[] {
  const stack = stackOf();
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
      `${wildcard}[Resource::arn:<AWS::Partition>:execute-api:<AWS::Region>:<AWS::AccountId>:<${Ref}>/live/${method}/@connections/*]`,
  );
  return Object.fromEntries(found.map((id) => [id, wildcardReason]));
}

test('the stack keeps to the AwsSolutions rules, but for those that have a reason', () => {
  expect(broken({ ...acknowledged, ...wildcards() })).toEqual([]);
});

test('every acknowledgement is needed', () => {
  expect(broken({})).toEqual(Object.keys({ ...acknowledged, ...wildcards() }).sort());
});
