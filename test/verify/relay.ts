import { fileURLToPath } from 'node:url';
import { CfnOutput, Duration, Fn, RemovalPolicy } from 'aws-cdk-lib';
import { AttributeType, BillingMode, Table } from 'aws-cdk-lib/aws-dynamodb';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, FunctionUrlAuthType, Runtime } from 'aws-cdk-lib/aws-lambda';
import { NodejsFunction } from 'aws-cdk-lib/aws-lambda-nodejs';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { bundling } from '../../infra/aws/bundling.ts';

/**
 * Where hooks go while a deployment is verified: a function with a URL, which puts each into a queue and waits in a
 * table for the answer. The app that gives it runs where the suite does, so that a test can be its handler.
 */
export class Relay extends Construct {
  /** `https://...`, without a slash at the end. */
  readonly url: string;

  /** `known` is where an emulator has the URL; `{urlId}` stands for its id. */
  constructor(scope: Construct, id: string, known: string | undefined) {
    super(scope, id);
    const removalPolicy = RemovalPolicy.DESTROY;
    const hooks = new Queue(this, 'Hooks', { removalPolicy, retentionPeriod: Duration.minutes(1) });
    const answers = new Table(this, 'Answers', {
      ...{ partitionKey: { name: 'id', type: AttributeType.STRING }, removalPolicy },
      billingMode: BillingMode.PAY_PER_REQUEST,
    });
    const logGroup = new LogGroup(this, 'Log', { removalPolicy, retention: RetentionDays.ONE_DAY });
    const role = new Role(this, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
    // Not the managed policy: by that, a run that outlives the stack would make its log anew.
    logGroup.grantWrite(role);
    const handler = new NodejsFunction(this, 'Function', {
      ...{ entry: fileURLToPath(new URL('relay-handler.ts', import.meta.url)), bundling },
      ...{ runtime: Runtime.NODEJS_24_X, architecture: Architecture.ARM_64, memorySize: 512 },
      // Longer than any hook is waited for.
      timeout: Duration.seconds(20),
      environment: { HOOKS_QUEUE: hooks.queueUrl, ANSWERS_TABLE: answers.tableName },
      ...{ logGroup, role },
    });
    hooks.grantSendMessages(handler);
    answers.grantReadData(handler);
    // Open to all: the app checks the signature of a hook, as any app does.
    const { url } = handler.addFunctionUrl({ authType: FunctionUrlAuthType.NONE });
    const host = Fn.select(2, Fn.split('/', url));
    this.url = known?.replace('{urlId}', Fn.select(0, Fn.split('.', host))) ?? `https://${host}`;
    new CfnOutput(this, 'HooksQueue', { value: hooks.queueUrl }).overrideLogicalId('HooksQueue');
    new CfnOutput(this, 'AnswersTable', { value: answers.tableName }).overrideLogicalId('AnswersTable');
  }
}
