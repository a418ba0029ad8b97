import type { RemovalPolicy } from 'aws-cdk-lib';
import type { ICertificate } from 'aws-cdk-lib/aws-certificatemanager';
import type { ISecurityGroup, IVpc, SubnetSelection } from 'aws-cdk-lib/aws-ec2';
import type { IHostedZone } from 'aws-cdk-lib/aws-route53';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { HookEvent } from '../../functions/wire/hook.ts';
import type { FunctionName } from './function-needs.ts';

/** A domain name of the user. */
export interface CustomDomain {
  /** `ws.example.com`. No other API may use it: API Gateway does not mix WebSocket and HTTP under one name. */
  readonly name: string;
  /** Covers the name, in the stack's own region, or in us-east-1 if the name is for CloudFront. */
  readonly certificate: ICertificate;
  /** The hosted zone for the name's record. @default - none: point the name at the target in the output yourself */
  readonly hostedZone?: IHostedZone | undefined;
}

/** The settings of a gateway. The construct checks them when it is created, except tokens. */
export interface SockethookProps {
  /** The URL of your app for hooks: `https://app.example/websocket`, without a query. A token is not checked. */
  readonly webhookBaseUrl: string;
  /** Whether `webhookBaseUrl` may be `http://`, which anyone on the network can read. @default false */
  readonly allowInsecureWebhooks?: boolean | undefined;
  /** The format of a hook's body. @default 'form' */
  readonly webhookFormat?: 'form' | 'json' | undefined;
  /**
   * The hooks that your app wants. `joined` and `left` tell it who comes to a group and leaves it: name both or neither.
   * @default - handshake, message and closed
   */
  readonly hooks?: readonly HookEvent[] | undefined;
  /** How long your app may take to answer a hook, in milliseconds, at most 20,000. @default 10000 */
  readonly hookTimeoutMs?: number | undefined;
  /**
   * What becomes of a message whose hook fails: `retry` tries it again until your app accepts it or it is a dead letter,
   * `close` closes its socket, and `drop` loses it. With the last two, the loss is logged. @default 'retry'
   */
  readonly messageFailure?: 'retry' | 'close' | 'drop' | undefined;
  /** How long the hook of a message is retried while your app is away, in minutes, 1 to 2,880. @default 360 */
  readonly messageRetryMinutes?: number | undefined;
  /**
   * How long a user has to be away from a group before your app gets `left`, in milliseconds, at most 900,000. A reload
   * of a page within that time is not told. @default 5000
   */
  readonly presenceGraceMs?: number | undefined;
  /** More client headers to forward with the handshake hook. @default - only those that are always forwarded */
  readonly forwardHeaders?: readonly string[] | undefined;
  /** Whether clients without a ticket are refused. @default false */
  readonly requireTicket?: boolean | undefined;
  /** Origins whose pages may connect. @default - any */
  readonly allowedOrigins?: readonly string[] | undefined;
  /**
   * Probe each open socket once every N minutes, up to 1,440. With 0 no socket is probed, and a lost `$disconnect` is
   * noticed only after API Gateway's limit of two hours. @default 30
   */
  readonly probeMinutes?: number | undefined;
  /**
   * How a reply is sent: `post` uses @connections, `route` the Lambda's own answer where possible. `route` saves a call,
   * but it is not proven what API Gateway sends to a client when there is no reply. @default 'post'
   */
  readonly replyBy?: 'route' | 'post' | undefined;
  /**
   * How the function for a message is invoked. With `request` API Gateway waits for it, and a message is lost if the
   * function is throttled or killed. With `event` Lambda queues the message first and runs the function again. It is
   * not proven that API Gateway does this for WebSocket APIs. @default 'request'
   */
  readonly messageInvocation?: 'request' | 'event' | undefined;
  /**
   * What lets a call of the HTTP API in: an API key, or IAM for callers in the same account who sign their requests.
   * `grantCalls` gives them the permission. @default 'key'
   */
  readonly apiAuth?: 'key' | 'iam' | undefined;

  /**
   * Memory of all functions, or of some by name, in MiB. CPU grows with it.
   * @default - 1,024 for send, broadcast, tasks and batches, 512 for sweep, 256 for the rest
   */
  readonly memoryMb?: number | Readonly<Partial<Record<FunctionName, number>>> | undefined;
  /**
   * The most connects that are handled at once. A slow app holds one Lambda for each.
   * @default - not reserved: as many as the account allows
   */
  readonly connectConcurrency?: number | undefined;
  /** The most messages that are handled at once. @default - not reserved: as many as the account allows */
  readonly messageConcurrency?: number | undefined;
  /**
   * The most batches of queued tasks that run at once, 2 to 1,000. If `hooks` has `joined` and `left`, half of them are
   * kept for presence, and each half is at least 2. @default 10
   */
  readonly taskConcurrency?: number | undefined;
  /** The most batches of retries that run at once, each of up to ten hooks, 2 to 1,000. @default 10 */
  readonly retryConcurrency?: number | undefined;
  /**
   * Posts per second of all large broadcasts together, 100 to 20,000. They count towards the 10,000 requests a second that
   * API Gateway takes from an account. @default 6000
   */
  readonly maxPostsPerSecond?: number | undefined;
  /** Requests per second that the WebSocket API and the HTTP API take, each. @default 2000 */
  readonly requestRate?: number | undefined;
  /** Requests that each API takes in a burst. @default 1000 */
  readonly requestBurst?: number | undefined;

  /** How many days the logs are kept: one of the values that CloudWatch allows. @default 30 */
  readonly logRetentionDays?: number | undefined;
  /**
   * Whether both APIs write access logs. A WebSocket API needs an account-wide role for them, which no stack should
   * own. @default false
   */
  readonly accessLogs?: boolean | undefined;
  /** Whether X-Ray traces the functions. @default false */
  readonly tracing?: boolean | undefined;
  /** Whether there are alarms. @default true */
  readonly alarms?: boolean | undefined;
  /** The topic that alarms notify. @default - none: alarms show only in CloudWatch */
  readonly alarmTopic?: ITopic | undefined;
  /** The account's limit of concurrent Lambdas; an alarm fires at 80 % of it. @default 1000 */
  readonly accountConcurrency?: number | undefined;
  /** Whether there is a CloudWatch dashboard. @default true */
  readonly dashboard?: boolean | undefined;

  /**
   * The VPC of your app, if it can be reached only there. The functions that post hooks then run in it too. They need a
   * route to the internet, since @connections can be reached only that way. @default - no VPC
   */
  readonly vpc?: IVpc | undefined;
  /** The subnets in the VPC. @default - its private subnets with a route out */
  readonly vpcSubnets?: SubnetSelection | undefined;
  /** What these functions may reach. @default - a new one: port 443 anywhere, and the port of your app */
  readonly securityGroups?: readonly ISecurityGroup[] | undefined;

  /** Your domain name for the WebSocket API, or for CloudFront if it is in front. @default - AWS's own name */
  readonly domain?: CustomDomain | undefined;
  /** Your domain name for the HTTP API. @default - API Gateway's own */
  readonly apiDomain?: CustomDomain | undefined;
  /**
   * Whether CloudFront is in front, so that clients may write `wss://host/foo/bar` as well as `?path=%2Ffoo%2Fbar`.
   * @default false
   */
  readonly prettyUrl?: boolean | undefined;
  /** The ARN of a web ACL of AWS WAF for CloudFront, with `prettyUrl`. @default - none */
  readonly webAclArn?: string | undefined;
  /**
   * What happens to table, queues, secrets and logs when the stack is deleted. The sockets do not outlive the API.
   * @default RemovalPolicy.DESTROY
   */
  readonly removalPolicy?: RemovalPolicy | undefined;
  /** The base of @connections, for emulators; `{apiId}` stands for the API's id. @default - the stage's callback URL */
  readonly callbackUrl?: string | undefined;
  /** Where clients connect, for emulators and proxies; `{apiId}` stands for the API's id. @default - the domain or the stage */
  readonly webSocketUrl?: string | undefined;
}
