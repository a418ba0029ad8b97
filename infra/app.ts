import { App } from 'aws-cdk-lib';
import { parseContext } from './aws/context.ts';
import { SockethookStack } from './aws/stack.ts';

const app = new App();
const settings = parseContext(app.node.getAllContext());

if (settings.ok) {
  new SockethookStack(app, settings.value);
} else {
  const how = 'Write each as -c name=value, or in the "context" of cdk.json.';
  process.stderr.write(`${[...settings.error, how].join('\n')}\n`);
  process.exitCode = 1;
}
