import type { RemovalPolicy } from 'aws-cdk-lib';
import type { ICertificate } from 'aws-cdk-lib/aws-certificatemanager';
import type { ISecurityGroup, IVpc, SubnetSelection } from 'aws-cdk-lib/aws-ec2';
import type { IHostedZone } from 'aws-cdk-lib/aws-route53';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { HookEvent } from '../../functions/wire/hook.ts';
import type { FunctionName } from './function-needs.ts';

/** A domain name of the user's. */
export interface CustomDomain {
  /** `ws.example.com`; no other API may have it, since API Gateway does not mix WebSocket and HTTP under one name. */
  readonly name: string;
  /** Covers the name, in the stack's own region; in us-east-1 if the name is CloudFront's. */
  readonly certificate: ICertificate;
  /** Where the name's record goes. @default - none: point the name at what the output says yourself */
  readonly hostedZone?: IHostedZone | undefined;
}

/** How a gateway is set. What can be checked before a deploy is checked when the construct is made. */
export interface SockethookProps {
  /** Where hooks go: `https://app.example/websocket`, without a query. It may be a token, which is not checked. */
  readonly webhookBaseUrl: string;
  /** Whether `webhookBaseUrl` may be `http://`, readable by everybody on the way. @default false */
  readonly allowInsecureWebhooks?: boolean | undefined;
  /** How a hook's body is written. @default 'form' */
  readonly webhookFormat?: 'form' | 'json' | undefined;
  /** The hooks that the app wants. @default - all three */
  readonly hooks?: readonly HookEvent[] | undefined;
  /** How long the app may take over one hook, in milliseconds, at most 20,000. @default 10000 */
  readonly hookTimeoutMs?: number | undefined;
  /** More of the client's headers for the handshake hook. @default - none but those that always go along */
  readonly forwardHeaders?: readonly string[] | undefined;
  /** Whether clients without a ticket are refused. @default false */
  readonly requireTicket?: boolean | undefined;
  /** Origins whose pages may connect. @default - any */
  readonly allowedOrigins?: readonly string[] | undefined;
  /**
   * In how many minutes every open socket is asked after once, up to 1,440; 0 asks after none, and a lost
   * `$disconnect` is then noticed when API Gateway's two hours are over. @default 30
   */
  readonly probeMinutes?: number | undefined;
  /**
   * How a reply travels: by @connections, or with the Lambda's own answer where it can. `route` saves a call, but what
   * API Gateway sends to a client when there is no reply is not proven. @default 'post'
   */
  readonly replyBy?: 'route' | 'post' | undefined;
  /**
   * What lets a call of the HTTP API in: an API key, or IAM, for callers in the same account who sign their requests;
   * `grantCalls` gives them the right. @default 'key'
   */
  readonly apiAuth?: 'key' | 'iam' | undefined;

  /**
   * Memory of all functions, or of some by their names, in MiB; a function's share of a processor grows with it.
   * @default - 1,024 for send, broadcast and tasks, 512 for sweep, 256 for the rest
   */
  readonly memoryMb?: number | Readonly<Partial<Record<FunctionName, number>>> | undefined;
  /**
   * How many connects are handled at once, at most: a slow app holds one Lambda for each.
   * @default - not reserved: as many as the account allows
   */
  readonly connectConcurrency?: number | undefined;
  /** How many messages are handled at once, at most. @default - not reserved: as many as the account allows */
  readonly messageConcurrency?: number | undefined;
  /** How many batches of queued deliveries are done at once, at most; 2 to 1,000. @default 10 */
  readonly taskConcurrency?: number | undefined;
  /** How many requests a second the WebSocket API takes, and the HTTP API as many again. @default 2000 */
  readonly requestRate?: number | undefined;
  /** How many requests either API takes in a burst. @default 1000 */
  readonly requestBurst?: number | undefined;

  /** How many days the logs are kept, one of CloudWatch's numbers. @default 30 */
  readonly logRetentionDays?: number | undefined;
  /**
   * Whether both APIs write access logs. A WebSocket API needs an account-wide role for them, which no stack should
   * own. @default false
   */
  readonly accessLogs?: boolean | undefined;
  /** Whether the functions are traced by X-Ray. @default false */
  readonly tracing?: boolean | undefined;
  /** Whether there are alarms. @default true */
  readonly alarms?: boolean | undefined;
  /** Who is told of an alarm. @default - nobody: alarms show in CloudWatch alone */
  readonly alarmTopic?: ITopic | undefined;
  /** How many Lambdas the account may run at once; the alarm rings at 80 % of them. @default 1000 */
  readonly accountConcurrency?: number | undefined;
  /** Whether there is a CloudWatch dashboard. @default true */
  readonly dashboard?: boolean | undefined;

  /**
   * Where your app is, if it can be reached in a VPC alone: the functions that post hooks then stand there too. They
   * need a way to the internet, since @connections has none but that. @default - in no VPC
   */
  readonly vpc?: IVpc | undefined;
  /** Where in the VPC. @default - its private subnets with a way out */
  readonly vpcSubnets?: SubnetSelection | undefined;
  /** What these functions may reach. @default - one is made: port 443 anywhere, and the app's port */
  readonly securityGroups?: readonly ISecurityGroup[] | undefined;

  /** A name of the user's for the WebSocket API, or for CloudFront if that stands in front. @default - their own */
  readonly domain?: CustomDomain | undefined;
  /** A name of the user's for the HTTP API. @default - API Gateway's own */
  readonly apiDomain?: CustomDomain | undefined;
  /**
   * Whether CloudFront stands in front, so that clients may write `wss://host/foo/bar` and not `?path=%2Ffoo%2Fbar`
   * only. @default false
   */
  readonly prettyUrl?: boolean | undefined;
  /** The ARN of a web ACL of AWS WAF for CloudFront, with `prettyUrl`. @default - none */
  readonly webAclArn?: string | undefined;
  /**
   * What becomes of table, queues, secrets and logs with the stack. The sockets do not outlive the API.
   * @default RemovalPolicy.DESTROY
   */
  readonly removalPolicy?: RemovalPolicy | undefined;
  /** The base of @connections, for emulators; `{apiId}` stands for the API's id. @default - the stage's callback URL */
  readonly callbackUrl?: string | undefined;
  /** Where clients connect, for emulators and proxies; `{apiId}` stands for the API's id. @default - the domain or the stage */
  readonly webSocketUrl?: string | undefined;
}
