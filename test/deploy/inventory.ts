import { asRoot, type Deployment } from './deployment.ts';

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
const names: Readonly<Record<string, RegExp>> = {
  tables: /"Sockethook-[^"]+"/g,
  queues: /\/Sockethook-[^"]+"/g,
  secrets: /"Name": ?"Sockethook-[^"]+"/g,
  logs: /"logGroupName": ?"[^"]*Sockethook[^"]*"/g,
  rules: /"Name": ?"Sockethook-[^"]+"/g,
  functions: /"FunctionName": ?"Sockethook-[^"]+"/g,
  apis: /"apiId": ?"[^"]+"/g,
  roles: /<RoleName>Sockethook-[^<]+</g,
  alarms: /<AlarmName>Sockethook-[^<]+</g,
  dashboards: /<DashboardName>[^<]*</g,
};

/** How many things of each kind there are in the account. */
export async function inventory({ ministack }: Deployment): Promise<Record<string, number>> {
  const counts = Object.entries(questions).map(async ([kind, question]) => {
    const text = await ask(ministack.endpoint, question);
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
