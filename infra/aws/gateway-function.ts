import { Duration, type RemovalPolicy } from 'aws-cdk-lib';
import { Effect, PolicyDocument, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, RecursiveLoop, Runtime, Tracing } from 'aws-cdk-lib/aws-lambda';
import { NodejsFunction } from 'aws-cdk-lib/aws-lambda-nodejs';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { functionCode } from './function-code.ts';
import { type FunctionName, type FunctionNeeds, functionNeeds } from './function-needs.ts';
import { type Network, networkPermissions } from './network.ts';

/** All functions by name. */
export type GatewayFunctions = Readonly<Record<FunctionName, NodejsFunction>>;

/** The settings that all functions of a gateway share. */
export interface FunctionSettings {
  readonly logRetention: RetentionDays;
  readonly removalPolicy: RemovalPolicy;
  readonly tracing: boolean;
}

/** The settings of one function. */
export interface FunctionProps extends FunctionSettings {
  readonly name: FunctionName;
  /** In MB. @default - as in its needs */
  readonly memoryMb?: number | undefined;
  readonly environment: Readonly<Record<string, string>>;
  readonly permissions: readonly PolicyStatement[];
  /** The VPC that it runs in. @default - none */
  readonly network?: Network | undefined;
  /** How many runs there may be at once. @default - not reserved: as many as the account allows */
  readonly concurrency?: number | undefined;
}

/**
 * The functions that send to a queue which hands their work back to them. Lambda stops a task that went from queue to
 * function to queue 16 times. A hook that is retried or postponed does so for hours, and so does a batch whose posts are
 * throttled.
 */
const recursive: ReadonlySet<FunctionName> = new Set(['tasks', 'batches', 'retries']);

/** One Lambda function with its bundle, its log and a role that allows only what it needs. */
export class GatewayFunction extends Construct {
  readonly function: NodejsFunction;

  constructor(
    scope: Construct,
    id: string,
    { name, environment, concurrency, network, ...props }: FunctionProps,
  ) {
    super(scope, id);
    const needs: FunctionNeeds = functionNeeds[name];
    const { memoryMb = needs.memoryMb } = props;
    const logGroup = new LogGroup(this, 'Log', {
      retention: props.logRetention,
      removalPolicy: props.removalPolicy,
    });
    this.function = new NodejsFunction(this, 'Function', {
      description: `Sockethook: ${needs.description}`,
      ...functionCode(name),
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      memorySize: memoryMb,
      timeout: Duration.seconds(needs.timeout),
      environment: { ...environment },
      logGroup,
      role: this.#role(logGroup, [...props.permissions, ...(network ? networkPermissions() : [])]),
      ...network,
      ...(props.tracing ? { tracing: Tracing.ACTIVE } : {}),
      ...(concurrency === undefined ? {} : { reservedConcurrentExecutions: concurrency }),
      ...(recursive.has(name) ? { recursiveLoop: RecursiveLoop.ALLOW } : {}),
    });
  }

  /** No managed policy: AWS's policy for logs would let the function write to every log of the account. */
  #role(log: LogGroup, allowed: readonly PolicyStatement[]): Role {
    const writeLog = new PolicyStatement({
      effect: Effect.ALLOW,
      actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
      resources: [log.logGroupArn],
    });
    return new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
      inlinePolicies: { Needs: new PolicyDocument({ statements: [writeLog, ...allowed] }) },
    });
  }
}
