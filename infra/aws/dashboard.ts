import type { WebSocketStage } from 'aws-cdk-lib/aws-apigatewayv2';
import { Dashboard, GraphWidget, type IMetric, type IWidget, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { apiMetric, count, counted, messageAge, messagesDropped, retryAge } from './metrics.ts';
import type { TaskQueue } from './task-queue.ts';

/** The parts of a gateway that the dashboard shows. */
export interface DashboardProps {
  readonly gateway: string;
  readonly stage: WebSocketStage;
  readonly functions: Readonly<Record<string, IFunction>>;
  readonly tasks: TaskQueue;
  /** If the app wants to hear of presence. */
  readonly presence: TaskQueue | undefined;
  readonly batches: TaskQueue;
  readonly retries: TaskQueue;
  /** The function whose messages Lambda queues, if it does. */
  readonly queuedMessages: IFunction | undefined;
}

/** A dashboard of clients, hooks, functions and queues. CloudWatch: an account's first three dashboards are free. */
export function dashboard(scope: Construct, shown: DashboardProps): Dashboard {
  return new Dashboard(scope, 'Dashboard', {
    widgets: [clients(shown), hooks(shown), functions(shown), queues(shown)],
  });
}

function clients({ stage }: DashboardProps): IWidget[] {
  const sum = (name: string) => apiMetric(stage, name, Stats.SUM);
  const errors = ['ClientError', 'IntegrationError', 'ExecutionError'].map(sum);
  return [
    graph('Connects and messages', [sum('ConnectCount'), sum('MessageCount')]),
    graph('Errors that clients saw', errors),
    graph('How long clients wait, ms', [apiMetric(stage, 'IntegrationLatency', Stats.p(99))]),
  ];
}

function hooks({ gateway }: DashboardProps): IWidget[] {
  return [
    graph(
      'Hooks and deliveries that did not go straight',
      counted.map((name) => count(gateway, name)),
      24,
    ),
  ];
}

function functions({ functions }: DashboardProps): IWidget[] {
  const each = (read: (one: IFunction, label: string) => IMetric): IMetric[] =>
    Object.entries(functions).map(([label, one]) => read(one, label));
  return [
    graph(
      'Duration p99',
      each((one, label) => one.metricDuration({ statistic: Stats.p(99), label })),
    ),
    graph(
      'At once',
      each((one, label) => one.metric('ConcurrentExecutions', { statistic: Stats.MAXIMUM, label })),
    ),
    graph(
      'Errors',
      each((one, label) => one.metricErrors({ label })),
    ),
  ];
}

function queues({ gateway, queuedMessages: message, ...shown }: DashboardProps): IWidget[] {
  const { tasks, presence, batches, retries } = shown;
  const lengths = ({ queue, dead }: TaskQueue): IMetric[] => [
    queue.metricApproximateNumberOfMessagesVisible({ label: 'waiting' }),
    dead.metricApproximateNumberOfMessagesVisible({ label: 'dead' }),
  ];
  const age = ({ queue }: TaskQueue, label: string): IMetric =>
    queue.metricApproximateAgeOfOldestMessage({ label });
  const width = presence === undefined ? 8 : 6;
  const looks = presence === undefined ? [] : [age(presence, 'presence')];
  const ages = [age(tasks, 'tasks'), ...looks, age(batches, 'batches'), retryAge(gateway)];
  return [
    graph('Deferred deliveries', lengths(tasks), width),
    ...(presence === undefined ? [] : [graph('Looks at who is in groups', lengths(presence), width)]),
    graph('Batches of broadcasts', lengths(batches), width),
    graph('Hooks that are tried again', lengths(retries), width),
    graph('Age of the oldest, s', ages, 24),
    ...(message === undefined
      ? []
      : [graph('Messages that Lambda queues', [messageAge(message), messagesDropped(message)], 24)]),
  ];
}

/** CloudWatch: a row is 24 units wide. */
function graph(title: string, left: IMetric[], width = 8): GraphWidget {
  return new GraphWidget({ title, left, width });
}
