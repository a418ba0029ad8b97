import type { Clock, Log, Secrets } from '../gateway/ports.ts';
import { lambdaClock as clock } from './lambda-clock.ts';
import { lambdaLog } from './lambda-log.ts';
import { secretsManager } from './secrets-manager.ts';
import { type AwsSettings, readSettings } from './settings.ts';

/** What every function needs, even one that never touches a socket. */
export interface Basics {
  readonly aws: AwsSettings;
  readonly settings: AwsSettings['gateway'];
  readonly apiAuth: AwsSettings['apiAuth'];
  readonly secrets: Secrets;
  readonly clock: Clock;
  readonly log: Log;
}

/** Builds it, once at each cold start. */
export function awsBasics(): Basics {
  const aws = readSettings();
  const log = lambdaLog(aws.name, clock);
  return {
    aws,
    settings: aws.gateway,
    apiAuth: aws.apiAuth,
    secrets: secretsManager(aws.secrets, aws.caller, clock, log),
    clock,
    log,
  };
}
