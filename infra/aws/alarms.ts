import { Duration } from 'aws-cdk-lib';
import {
  Alarm,
  ComparisonOperator,
  type IMetric,
  Metric,
  Stats,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { count, messageAge, messagesDropped, retryAge, sumOf, total } from './metrics.ts';

/** What the alarms watch, and the topic that they notify. */
export interface AlarmProps {
  readonly gateway: string;
  readonly functions: readonly IFunction[];
  readonly deadTasks: Queue;
  /** If the app wants to hear of presence. */
  readonly deadPresence: Queue | undefined;
  readonly deadBatches: Queue;
  readonly deadRetries: Queue;
  /** The function whose messages Lambda queues, if it does. */
  readonly queuedMessages: IFunction | undefined;
  /** The account's limit of concurrent Lambdas. */
  readonly accountConcurrency: number;
  readonly topic: ITopic | undefined;
}

const description = {
  HookFailures:
    'Hooks were lost or refused for good, or handshakes failed: look at the app first, then at the logs',
  ActionsFailed:
    'Actions in the app’s answers failed, at least for some sockets: the logs have "action_failed"',
  BreakerOpen:
    'The app is away: its hooks are held, and clients that connect get 503, until it answers a probe',
  DeadLetters:
    'Hooks became dead letters: look at the app, then list them with GET /dead-letters, and replay them',
  RetryAge: 'The app has not taken a hook for 15 minutes: it is away, or one hook is too much for it',
  Faults: 'The gateway met something that it did not expect: the logs have "fault"',
  DeadTasks: 'Tasks were given up after five attempts: they wait in the queue of dead tasks',
  DeadPresence:
    'Tasks of presence were given up after a day of throttling or 60 hours of failures: move them from the queue of dead ones back to their queue, or the app does not hear who has come and left',
  DeadRetries:
    'Retries that were given up can’t be kept as dead letters: the logs of the function redrive say why',
  DeadBatches:
    'Batches of broadcasts were given up after five attempts: their sockets did not all get the message',
  MessageAge: 'A queued message has waited for 15 minutes: its function is throttled, or fails',
  MessagesDropped:
    'Lambda gave up queued messages, or could not hand them over: list them with GET /dead-letters',
  Throttles:
    'Lambda refused to run a function: clients see errors, and messages are lost unless they are queued',
  Errors: 'Functions crashed or ran out of time',
  Concurrency: 'The account runs nearly as many Lambdas as it may: a slow app holds one for each hook',
} as const;

/** How old a hook may become that is tried again, in seconds. A restart of the app takes less. */
const longestRetry = 900;

/** For how long dead retries must wait for their function, in periods of 5 minutes. It takes them within seconds. */
const deadRetryPeriods = 3;

/** How old a queued message may become, in milliseconds, as its metric counts. */
const oldestMessage = 900_000;

/** Alarms, each for a problem that needs a person. Missing data is fine, since a gateway may be idle. */
export function alarms(scope: Construct, watched: AlarmProps): Alarm[] {
  const { gateway, functions, deadTasks, deadPresence, deadBatches, deadRetries } = watched;
  const { queuedMessages, accountConcurrency, topic } = watched;
  const alarm = (
    id: keyof typeof description,
    metric: IMetric,
    threshold = 1,
    evaluationPeriods = 1,
  ): Alarm =>
    new Alarm(scope, `${id}Alarm`, {
      metric,
      threshold,
      alarmDescription: `Sockethook: ${description[id]}.`,
      evaluationPeriods,
      comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    });
  const all = [
    alarm('HookFailures', total(failuresOf(gateway), 'Hooks that failed')),
    alarm('ActionsFailed', count(gateway, 'ActionsFailed')),
    alarm('BreakerOpen', total(outageOf(gateway), 'Hooks that the breaker held')),
    alarm('DeadLetters', count(gateway, 'DeadLetters')),
    alarm('RetryAge', retryAge(gateway), longestRetry),
    alarm('Faults', count(gateway, 'Faults')),
    alarm('DeadTasks', visibleIn(deadTasks)),
    ...(deadPresence === undefined ? [] : [alarm('DeadPresence', visibleIn(deadPresence))]),
    alarm('DeadBatches', visibleIn(deadBatches)),
    alarm('DeadRetries', total(waitingIn(deadRetries), 'Dead retries'), 1, deadRetryPeriods),
    ...(queuedMessages === undefined
      ? []
      : [
          alarm('MessageAge', messageAge(queuedMessages), oldestMessage),
          alarm('MessagesDropped', messagesDropped(queuedMessages)),
        ]),
    alarm('Throttles', sumOf(functions, 'Throttles', 'Throttles')),
    alarm('Errors', sumOf(functions, 'Errors', 'Errors')),
    alarm('Concurrency', accountWide(), Math.floor(accountConcurrency * 0.8)),
  ];
  if (topic !== undefined) for (const each of all) each.addAlarmAction(new SnsAction(topic));
  return all;
}

function failuresOf(gateway: string) {
  return {
    lost: count(gateway, 'HooksLost'),
    refused: count(gateway, 'HooksRefused'),
    handshakes: count(gateway, 'HandshakesFailed'),
  };
}

/** The first says it at once, the second for as long as there are hooks. */
function outageOf(gateway: string) {
  return { opened: count(gateway, 'BreakerOpened'), held: count(gateway, 'HooksHeld') };
}

function visibleIn(dead: Queue): Metric {
  return dead.metricApproximateNumberOfMessagesVisible({ statistic: Stats.MAXIMUM });
}

/** Those that its function has, or has put back, are not visible. */
function waitingIn(dead: Queue) {
  const options = { statistic: Stats.MAXIMUM };
  return {
    visible: visibleIn(dead),
    received: dead.metricApproximateNumberOfMessagesNotVisible(options),
  };
}

/** All Lambdas of the account: a metric without dimensions. */
function accountWide(): Metric {
  return new Metric({
    namespace: 'AWS/Lambda',
    metricName: 'ConcurrentExecutions',
    statistic: Stats.MAXIMUM,
    period: Duration.minutes(1),
  });
}
