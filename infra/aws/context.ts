import * as v from 'valibot';
import { err, ok, type Result } from '../../functions/wire/result.ts';
import { list } from '../../functions/wire/setting-values.ts';
import { domainErrors, type RequestedDomains } from './custom-domain.ts';
import { parseSettings, type Settings, settingNames, textsOf } from './setting-rules.ts';

const text = (form: RegExp, rule: string) => v.optional(v.pipe(v.string(), v.regex(form, rule)));

/** EC2: 17 hexadecimal digits, or 8 for old resources. */
const idOf = (kind: string) => new RegExp(`^${kind}-(?:[0-9a-f]{8}|[0-9a-f]{17})$`);
const ids = (form: RegExp, rule: string) =>
  v.optional(
    v.pipe(
      list,
      v.check((all) => all.length > 0 && all.every((id) => form.test(id)), rule),
    ),
  );

const name = text(/^(?:[a-z0-9-]+\.)+[a-z]{2,}$/, 'must be a name such as ws.example.com');
const certificateArn = text(
  /^arn:[^:]+:acm:[^:]+:\d{12}:certificate\/.+$/,
  'must be the ARN of a certificate',
);

/** The settings that only this stack has: a stack that uses the construct directly passes objects instead of texts. */
const rules = v.object({
  // CloudFormation: letters, digits and hyphens, a letter first. API Gateway: a name has 128 characters at most, and
  // that of the WebSocket API is the stack's and "-websockets".
  stackName: v.optional(
    v.pipe(
      v.string(),
      v.regex(
        /^[A-Za-z][A-Za-z0-9-]{0,116}$/,
        'must be letters, digits and hyphens, a letter first, 117 at most',
      ),
    ),
    'Sockethook',
  ),
  removalPolicy: v.optional(v.picklist(['destroy', 'retain'], 'must be destroy or retain'), 'destroy'),
  vpcId: text(idOf('vpc'), 'must be the id of a VPC, vpc-...'),
  subnetIds: ids(idOf('subnet'), 'must be ids of subnets, subnet-..., separated by commas'),
  securityGroupIds: ids(idOf('sg'), 'must be ids of security groups, sg-..., separated by commas'),
  domainName: name,
  certificateArn,
  apiDomainName: name,
  apiCertificateArn: certificateArn,
  alarmTopicArn: text(/^arn:[^:]+:sns:[^:]+:\d{12}:.+$/, 'must be the ARN of an SNS topic'),
});

/** The settings of a stack, from the CDK context. */
export interface StackSettings extends v.InferOutput<typeof rules> {
  readonly gateway: Settings;
}

/**
 * Reads the CDK context: `-c name=value` and cdk.json. The error has one sentence per name that is missing, malformed or
 * unknown: a misspelt flag must not count as a flag that is not set. CDK's own names have a colon, a slash or a hyphen.
 */
export function parseContext(context: Readonly<Record<string, unknown>>): Result<StackSettings, string[]> {
  const own = Object.entries(context).filter(([name]) => /^[A-Za-z0-9]+$/.test(name));
  const isKnown = (name: string): boolean => settingNames.has(name) || Object.hasOwn(rules.entries, name);
  const unknown = own.map(([name]) => name).filter((name) => !isKnown(name));
  const set = Object.fromEntries(own.filter(([name, value]) => isKnown(name) && value !== ''));
  const gateway = parseSettings(set);
  const stack = v.safeParse(rules, textsOf(set));
  const errors = [
    ...(gateway.ok ? [] : gateway.error),
    ...(stack.success ? [] : stack.issues.map((issue) => `${v.getDotPath(issue)} ${issue.message}.`)),
    ...unknown.map((name) => `${name} is not a setting; the settings are ${allNames().join(', ')}.`),
    ...together(set, 'vpcId', 'subnetIds'),
    ...(Object.hasOwn(set, 'securityGroupIds') && !Object.hasOwn(set, 'vpcId')
      ? ['securityGroupIds needs vpcId.']
      : []),
    ...together(set, 'domainName', 'certificateArn'),
    ...together(set, 'apiDomainName', 'apiCertificateArn'),
    ...(stack.success ? domainErrors(requestedDomains(stack.output, set['prettyUrl'])) : []),
  ];
  if (errors.length > 0 || !gateway.ok || !stack.success) return err(errors);
  return ok({ ...stack.output, gateway: gateway.value });
}

function together(set: Readonly<Record<string, unknown>>, name: string, other: string): string[] {
  return Object.hasOwn(set, name) === Object.hasOwn(set, other) ? [] : [`${name} and ${other} go together.`];
}

function requestedDomains(stack: v.InferOutput<typeof rules>, prettyUrl: unknown): RequestedDomains {
  const one = (name: string | undefined, arn: string | undefined) =>
    name === undefined ? undefined : { name, certificateRegion: arn?.split(':')[3] };
  return {
    domain: one(stack.domainName, stack.certificateArn),
    apiDomain: one(stack.apiDomainName, stack.apiCertificateArn),
    prettyUrl: String(prettyUrl) === 'true',
  };
}

function allNames(): string[] {
  return [...settingNames, ...Object.keys(rules.entries)].sort();
}
