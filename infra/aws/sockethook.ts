import { RemovalPolicy, Stack, Token } from 'aws-cdk-lib';
import type { DomainName, HttpRoute } from 'aws-cdk-lib/aws-apigatewayv2';
import type { Distribution } from 'aws-cdk-lib/aws-cloudfront';
import type { Table } from 'aws-cdk-lib/aws-dynamodb';
import { Connections, type IConnectable } from 'aws-cdk-lib/aws-ec2';
import type { IGrantable } from 'aws-cdk-lib/aws-iam';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { alarms } from './alarms.ts';
import { customDomain, domainErrors, requestedDomain } from './custom-domain.ts';
import { dashboard } from './dashboard.ts';
import { environmentOf } from './environment.ts';
import type { GatewayFunctions } from './gateway-function.ts';
import { gatewayFunctions } from './gateway-functions.ts';
import { type GatewaySecrets, gatewaySecrets } from './gateway-secrets.ts';
import { httpApi } from './http-api.ts';
import { network } from './network.ts';
import type { Resources } from './permissions.ts';
import { prettyUrl } from './pretty-url.ts';
import { redriveMessages } from './queued-messages.ts';
import { schedule } from './schedule.ts';
import { parseSettings, type Settings } from './setting-rules.ts';
import type { SockethookProps } from './sockethook-props.ts';
import { broadcastsTable, deadLettersTable, groupsTable, socketsTable } from './tables.ts';
import { consume, type TaskQueue, taskQueue } from './task-queue.ts';
import { timeouts } from './timeouts.ts';
import { addWebSocketRoutes, webSockets } from './web-socket-api.ts';
import type { WebSockets } from './web-sockets.ts';

/** Lambda: the least that the maximum concurrency of an event source may be. */
const leastConcurrency = 2;

/** How many workers share `maxPostsPerSecond`, each with one batch at a time: `broadcastWorkers` of the policy on AWS. */
const broadcastWorkers = 4;

/**
 * A whole gateway: a WebSocket API for clients, an HTTP API for the app, and everything between them. Throws an error
 * with one sentence for every property that is missing or malformed.
 *
 * @example
 * const gateway = new Sockethook(this, 'Gateway', { webhookBaseUrl: 'https://app.example/websocket' });
 * gateway.secrets.apiKeys.grantRead(app);
 */
export class Sockethook extends Construct implements IConnectable {
  /** Where clients connect: `wss://...`. */
  readonly webSocketUrl: string;
  /** The HTTP API that the app calls: `https://...`, without a slash at the end. */
  readonly apiUrl: string;
  /** The secrets of the gateway. Grant your app the ones that it needs. */
  readonly secrets: GatewaySecrets;
  /** The functions, for example to watch them or to extend their permissions. */
  readonly functions: GatewayFunctions;
  /** The table of sockets. */
  readonly table: Table;
  /** The table of groups. */
  readonly groups: Table;
  /** The table of broadcasts. */
  readonly broadcasts: Table;
  /** The table of dead letters. */
  readonly deadLetters: Table;
  readonly tasks: TaskQueue;
  /** The queue of the tasks of presence; undefined unless `hooks` has `joined` and `left`. */
  readonly presence: TaskQueue | undefined;
  /** The queue of the batches of broadcasts. */
  readonly batches: TaskQueue;
  /** The queue of hooks that are tried again. */
  readonly retries: TaskQueue;
  readonly webSockets: WebSockets;
  /** The user's domain name for the WebSocket API; undefined if there is none or CloudFront has it. */
  readonly domain: DomainName | undefined;
  /** The user's domain name for the HTTP API, if there is one. */
  readonly apiDomain: DomainName | undefined;
  /** CloudFront in front of the WebSocket API, with `prettyUrl`. */
  readonly pretty: Distribution | undefined;

  /** The functions that post hooks, for your app's security group to let in. Has no group without a VPC. */
  readonly connections: Connections;
  readonly #guarded: readonly HttpRoute[] | undefined;

  constructor(scope: Construct, id: string, props: SockethookProps) {
    super(scope, id);
    const settings = checked(scope, props);
    const { domain, apiDomain, removalPolicy = RemovalPolicy.DESTROY } = props;
    const kept = { removalPolicy, logRetention: settings.logRetentionDays };
    const { requestRate: rateLimit, requestBurst: burstLimit, webAclArn } = settings;
    const access = { throttle: { rateLimit, burstLimit }, logs: settings.accessLogs, ...kept };
    this.table = socketsTable(this, removalPolicy);
    this.groups = groupsTable(this, removalPolicy);
    this.broadcasts = broadcastsTable(this, removalPolicy);
    this.deadLetters = deadLettersTable(this, removalPolicy);
    this.tasks = taskQueue(this, 'Tasks', timeouts.tasks, removalPolicy);
    const looks = () => taskQueue(this, 'Presence', timeouts.tasks, removalPolicy);
    this.presence = settings.hooks.has('joined') ? looks() : undefined;
    this.batches = taskQueue(this, 'Batches', timeouts.batches, removalPolicy);
    this.retries = taskQueue(this, 'Retries', timeouts.retries, removalPolicy);
    this.secrets = gatewaySecrets(this, removalPolicy);
    this.webSockets = webSockets(this, access);
    const resources = this.#resources();
    const environment = environmentOf(settings, resources, domain?.name);
    this.webSocketUrl = environment.WEBSOCKET_URL;
    const place = network(this, props);
    this.connections = new Connections({ securityGroups: place?.securityGroups ?? [] });
    this.functions = gatewayFunctions(this, {
      ...kept,
      resources,
      environment,
      ...{ memoryMb: settings.memoryMb ?? {}, tracing: settings.tracing },
      ...{ apiAuth: settings.apiAuth, hooks: settings.hooks, network: place },
      concurrency: { connect: settings.connectConcurrency, default: settings.messageConcurrency },
    });
    addWebSocketRoutes(this.webSockets, this.functions, settings);
    redriveMessages(this.functions.default, this.retries.dead);
    const calls = httpApi(this, this.functions, access, settings.apiAuth);
    this.#guarded = settings.apiAuth === 'iam' ? calls.guarded : undefined;
    this.apiDomain = apiDomain && customDomain(this, 'ApiDomain', apiDomain, calls.stage);
    this.apiUrl = apiDomain === undefined ? calls.stage.api.apiEndpoint : `https://${apiDomain.name}`;
    this.#work(settings);
    this.domain =
      domain && !settings.prettyUrl ? customDomain(this, 'Domain', domain, resources.stage) : undefined;
    this.pretty = settings.prettyUrl ? prettyUrl(this, this.webSockets, { domain, webAclArn }) : undefined;
    this.#watch(settings, props.alarmTopic);
  }

  /** Grants an IAM identity the permission to call the HTTP API. Throws unless `apiAuth` is `iam`. */
  grantCalls(grantee: IGrantable): void {
    if (this.#guarded === undefined)
      throw new Error(
        'grantCalls needs apiAuth "iam": with API keys, anyone who has a key can call this gateway.',
      );
    for (const route of this.#guarded) route.grantInvoke(grantee);
  }

  #resources(): Resources {
    const { table, groups, broadcasts, deadLetters, secrets } = this;
    const { tasks, presence, batches, retries } = this;
    const { stage } = this.webSockets;
    return { table, groups, broadcasts, deadLetters, tasks, presence, batches, retries, secrets, stage };
  }

  /** What runs without a caller: the queues, and the sweep. */
  #work({ taskConcurrency, retryConcurrency }: Settings): void {
    const { tasks, presence, batches, retries, functions } = this;
    const full = { batchSize: 10 };
    const looks = presence === undefined ? 0 : Math.max(leastConcurrency, Math.floor(taskConcurrency / 2));
    consume(this, 'Work', tasks.queue, functions.tasks, {
      ...full,
      maxConcurrency: Math.max(leastConcurrency, taskConcurrency - looks),
    });
    if (presence !== undefined)
      consume(this, 'PresenceWork', presence.queue, functions.tasks, { ...full, maxConcurrency: looks });
    consume(this, 'BatchWork', batches.queue, functions.batches, {
      maxConcurrency: broadcastWorkers,
      batchSize: 1,
    });
    consume(this, 'RetryWork', retries.queue, functions.retries, {
      ...full,
      maxConcurrency: retryConcurrency,
    });
    consume(this, 'RedriveWork', retries.dead, functions.redrive, {
      ...full,
      maxConcurrency: leastConcurrency,
    });
    schedule(this, functions.sweep);
  }

  #watch(settings: Settings, topic: ITopic | undefined): void {
    const { functions, tasks, presence, batches, retries } = this;
    const { api, stage } = this.webSockets;
    const gateway = api.apiId;
    const { accountConcurrency } = settings;
    // Only functions whose failures no caller sees; the others answer their caller. CloudWatch bills each metric.
    const { connect, default: message, disconnect, tasks: deliver, batches: post, sweep } = functions;
    const silent = [connect, message, disconnect, deliver, post, functions.retries, functions.redrive, sweep];
    const dead = {
      ...{ deadTasks: tasks.dead, deadPresence: presence?.dead },
      ...{ deadBatches: batches.dead, deadRetries: retries.dead },
    };
    const queuedMessages = settings.messageInvocation === 'event' ? message : undefined;
    const watched = { gateway, functions: silent, ...dead, queuedMessages, accountConcurrency, topic };
    const shown = { gateway, stage, functions, tasks, presence, batches, retries, queuedMessages };
    if (settings.alarms) alarms(this, watched);
    if (settings.dashboard) dashboard(this, shown);
  }
}

/** The checked settings. Of the props that are objects, only domain names need a check. */
function checked(scope: Construct, props: SockethookProps): Settings {
  const { domain, apiDomain, alarmTopic: _, removalPolicy: __, ...rest } = props;
  const { vpc: ___, vpcSubnets: ____, securityGroups: _____, ...values } = rest;
  const settings = parseSettings(values);
  const { region } = Stack.of(scope);
  const errors = domainErrors({
    domain: domain && requestedDomain(domain),
    apiDomain: apiDomain && requestedDomain(apiDomain),
    prettyUrl: props.prettyUrl === true,
    region: Token.isUnresolved(region) ? undefined : region,
  });
  if (settings.ok && errors.length === 0) return settings.value;
  throw new Error([...(settings.ok ? [] : settings.error), ...errors].join(' '));
}
