import { fileURLToPath } from 'node:url';
import { CfnOutput, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Architecture, FunctionUrlAuthType, Runtime } from 'aws-cdk-lib/aws-lambda';
import { NodejsFunction, OutputFormat } from 'aws-cdk-lib/aws-lambda-nodejs';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { Sockethook } from '../../infra/aws/sockethook.ts';

/** An app and its gateway in one stack. The app is a Lambda, and the hooks go to its Function URL. */
export class LambdaApp extends Stack {
  constructor(scope: Construct, id: string) {
    super(scope, id, { description: 'An app on Sockethook that is a Lambda' });
    const logGroup = new LogGroup(this, 'AppLog', {
      retention: RetentionDays.ONE_MONTH,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const app = new NodejsFunction(this, 'App', {
      entry: fileURLToPath(new URL('handler.ts', import.meta.url)),
      timeout: Duration.seconds(15),
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      memorySize: 256,
      bundling: { format: OutputFormat.ESM, target: 'node24', minify: true },
      logGroup,
    });
    // Open to everyone: the app verifies the signature of each hook.
    const { url } = app.addFunctionUrl({ authType: FunctionUrlAuthType.NONE });
    // A Function URL ends in a slash.
    const gateway = new Sockethook(this, 'Gateway', { webhookBaseUrl: `${url}websocket` });
    const { webhookSecrets } = gateway.secrets;
    webhookSecrets.grantRead(app);
    app.addEnvironment('WEBHOOK_SECRETS_SECRET', webhookSecrets.secretArn);
    new CfnOutput(this, 'WebSocketUrl', { value: gateway.webSocketUrl });
  }
}
