import type { RemovalPolicy } from 'aws-cdk-lib';
import {
  type IAccessLogSettings,
  LogGroupLogDestination,
  type ThrottleSettings,
} from 'aws-cdk-lib/aws-apigatewayv2';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';

/** How much an API lets in, and whether it writes that down. */
export interface Access {
  readonly throttle: ThrottleSettings;
  readonly logs: boolean;
  readonly logRetention: RetentionDays;
  readonly removalPolicy: RemovalPolicy;
}

/** The access log of an API, or nothing. CDK's own format has no query, so no ticket gets into it. */
export function accessLog(
  scope: Construct,
  id: string,
  { logs, logRetention: retention, removalPolicy }: Access,
): { readonly accessLogSettings?: IAccessLogSettings } {
  if (!logs) return {};
  const group = new LogGroup(scope, id, { retention, removalPolicy });
  return { accessLogSettings: { destination: new LogGroupLogDestination(group) } };
}
