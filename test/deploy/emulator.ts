import type { Resource, Template } from './cdk.ts';

/** Where an emulator is: what says to be AWS, and where clients and apps find the APIs. */
export interface Emulator {
  readonly endpoint: string;
  readonly url: string;
}

/**
 * What this emulator, 1.5.33, needs to be told, and AWS does not:
 * - hooks go to an app of the test's, which has no certificate
 * - `AWS::ApiGatewayV2::RouteResponse` is a type that its CloudFormation does not know, so replies are posted
 * - its APIs are not under the names that the stage's URLs have, but under `/_aws/execute-api/`
 *
 * What no setting tells is changed in the template:
 * - an alarm over an expression is refused, so these are left out; the others are made
 * - it does not know `AWS::ApiGatewayV2::IntegrationResponse` either, so a ping gets no pong
 * - `sqs:SendMessage` lets nobody call SendMessageBatch, which it does on AWS
 * - the `Ref` of a secret is its ARN on AWS, and its name here, which no policy can name: its `Id` is the ARN on both
 */
export function quirks({ url, endpoint }: Emulator): Readonly<Record<string, string>> {
  const path = '/_aws/execute-api/{apiId}/live';
  return {
    allowInsecureWebhooks: 'true',
    replyBy: 'post',
    callbackUrl: `${endpoint}${path}`,
    webSocketUrl: `${url.replace('http', 'ws')}${path}`,
  };
}

/** The template as this emulator can take it. */
export function forEmulator(template: Template): Template {
  return withBatches(withArns(withoutUnknown(template)));
}

/** The types of resources that it does not know. Nothing refers to one. */
const unknownTypes = ['AWS::ApiGatewayV2::IntegrationResponse', 'AWS::ApiGatewayV2::RouteResponse'];

function withoutUnknown({ Resources, ...template }: Template): Template {
  const isUnknown = ({ Type, Properties }: Resource): boolean =>
    unknownTypes.includes(Type) ||
    (Type === 'AWS::CloudWatch::Alarm' && Properties?.['Metrics'] !== undefined);
  const kept = Object.entries(Resources).filter(([, resource]) => !isUnknown(resource));
  return { ...template, Resources: Object.fromEntries(kept) };
}

function withArns(template: Template): Template {
  const secrets = Object.entries(template.Resources).filter(
    ([, { Type }]) => Type === 'AWS::SecretsManager::Secret',
  );
  const text = secrets.reduce(
    (all, [id]) => all.replaceAll(`{"Ref":"${id}"}`, `{"Fn::GetAtt":["${id}","Id"]}`),
    JSON.stringify(template),
  );
  return JSON.parse(text);
}

/** Amazon SQS Developer Guide, "Actions, resources, and condition keys": batch actions need the permission of the single one. */
function withBatches(template: Template): Template {
  return JSON.parse(JSON.stringify(template).replaceAll('"sqs:SendMessage"', '"sqs:SendMessage*"'));
}

/** Where the emulator has an HTTP API. The output names a host that this machine can't look up. */
export function apiUrlAt({ endpoint }: Emulator, output: string): string {
  const id = /^https?:\/\/(\w+)\./.exec(output)?.[1];
  return `${endpoint}/_aws/execute-api/${id}/$default`;
}
