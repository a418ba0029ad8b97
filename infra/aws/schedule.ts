import { Duration } from 'aws-cdk-lib';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';

/** Sweeps every minute, the shortest rate of EventBridge. A failed sweep is not retried: the next one comes soon. */
export function schedule(scope: Construct, sweep: IFunction): Rule {
  sweep.configureAsyncInvoke({ retryAttempts: 0, maxEventAge: Duration.minutes(1) });
  const target = new LambdaFunction(sweep, { retryAttempts: 0, maxEventAge: Duration.minutes(1) });
  return new Rule(scope, 'Schedule', {
    description: 'Sockethook: finds unfinished work',
    schedule: Schedule.rate(Duration.minutes(1)),
    targets: [target],
  });
}
