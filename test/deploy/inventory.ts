import { asRoot } from './deployment.ts';
import type { Ministack } from './ministack.ts';

/** How to ask for everything of a kind; the answer names each. */
interface Question {
  readonly service: string;
  readonly path?: string;
  readonly target?: string;
  readonly query?: string;
}

const questions: Readonly<Record<string, Question>> = {
  tables: { service: 'dynamodb', target: 'DynamoDB_20120810.ListTables' },
  queues: { service: 'sqs', target: 'AmazonSQS.ListQueues' },
  secrets: { service: 'secretsmanager', target: 'secretsmanager.ListSecrets' },
  logs: { service: 'logs', target: 'Logs_20140328.DescribeLogGroups' },
  rules: { service: 'events', target: 'AWSEvents.ListRules' },
  functions: { service: 'lambda', path: '/2015-03-31/functions/' },
  apis: { service: 'apigateway', path: '/v2/apis' },
  roles: { service: 'iam', query: 'Action=ListRoles&Version=2010-05-08' },
  alarms: { service: 'monitoring', query: 'Action=DescribeAlarms&Version=2010-08-01' },
  dashboards: { service: 'monitoring', query: 'Action=ListDashboards&Version=2010-08-01' },
};

/** What each kind’s names look like in an answer; the stack's name is in all of them but those of the APIs. */
const namesOf = (stack: string): Readonly<Record<string, RegExp>> => ({
  tables: new RegExp(`"${stack}-[^"]+"`, 'g'),
  queues: new RegExp(`/${stack}-[^"]+"`, 'g'),
  secrets: new RegExp(`"Name": ?"${stack}-[^"]+"`, 'g'),
  logs: new RegExp(`"logGroupName": ?"[^"]*${stack}[^"]*"`, 'g'),
  rules: new RegExp(`"Name": ?"${stack}-[^"]+"`, 'g'),
  functions: new RegExp(`"FunctionName": ?"${stack}-[^"]+"`, 'g'),
  apis: /"apiId": ?"[^"]+"/g,
  roles: new RegExp(`<RoleName>${stack}-[^<]+<`, 'g'),
  alarms: new RegExp(`<AlarmName>${stack}-[^<]+<`, 'g'),
  dashboards: /<DashboardName>[^<]*</g,
});

/** What there is of a stack that is not there. */
export const nothing = {
  ...{ tables: 0, queues: 0, secrets: 0, logs: 0, rules: 0 },
  ...{ functions: 0, apis: 0, roles: 0, alarms: 0, dashboards: 0 },
};

/** How many things of each kind there are in the account, by the stack's name, which may be a pattern. */
export async function inventory(
  { endpoint }: Ministack,
  stack = 'Sockethook',
): Promise<Record<string, number>> {
  const names = namesOf(stack);
  const counts = Object.entries(questions).map(async ([kind, question]) => {
    const text = await ask(endpoint, question);
    return [kind, text.match(names[kind] ?? /$^/)?.length ?? 0] as const;
  });
  return Object.fromEntries(await Promise.all(counts));
}

async function ask(endpoint: string, { service, path = '/', target, query }: Question): Promise<string> {
  const type = query === undefined ? 'application/x-amz-json-1.1' : 'application/x-www-form-urlencoded';
  const headers = {
    Authorization: asRoot(service),
    'Content-Type': type,
    ...(target === undefined ? {} : { 'X-Amz-Target': target }),
  };
  const post = { method: 'POST', headers, body: query ?? '{}' };
  const answer = await fetch(`${endpoint}${path}`, path === '/' ? post : { headers });
  if (!answer.ok) throw new Error(`${service} answered ${answer.status}: ${await answer.text()}`);
  return answer.text();
}
