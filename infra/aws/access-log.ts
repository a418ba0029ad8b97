import type { RemovalPolicy } from 'aws-cdk-lib';
import {
  type IAccessLogSettings,
  LogGroupLogDestination,
  type ThrottleSettings,
} from 'aws-cdk-lib/aws-apigatewayv2';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';

/** How many requests an API lets in, and whether it logs them. */
export interface Access {
  readonly throttle: ThrottleSettings;
  readonly logs: boolean;
  readonly logRetention: RetentionDays;
  readonly removalPolicy: RemovalPolicy;
}

/** The access log of an API, if it has one. CDK's default format has no query, so it never logs a ticket. */
export function accessLog(
  scope: Construct,
  id: string,
  { logs, logRetention: retention, removalPolicy }: Access,
): { readonly accessLogSettings?: IAccessLogSettings } {
  if (!logs) return {};
  const group = new LogGroup(scope, id, { retention, removalPolicy });
  return { accessLogSettings: { destination: new LogGroupLogDestination(group) } };
}
