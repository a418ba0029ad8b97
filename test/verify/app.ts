import { App, CfnOutput, Stack } from 'aws-cdk-lib';
import { settingNames } from '../../infra/aws/setting-rules.ts';
import { Sockethook } from '../../infra/aws/sockethook.ts';
import { Relay } from './relay.ts';

// The stack that verify:aws deploys: a gateway, set by the context, and the relay that its hooks go to.
const app = new App();
const context: Record<string, unknown> = app.node.getAllContext();
const settings = Object.fromEntries(Object.entries(context).filter(([name]) => settingNames.has(name)));

const stack = new Stack(app, String(context['stackName']), { description: 'Sockethook, being verified' });
const relayUrl = context['relayUrl'];
const relay = new Relay(stack, 'Relay', relayUrl === undefined ? undefined : String(relayUrl));
const webhookBaseUrl = String(settings['webhookBaseUrl'] ?? `${relay.url}/websocket`);
const gateway = new Sockethook(stack, 'Gateway', {
  dashboard: false,
  alarms: false,
  ...settings,
  webhookBaseUrl,
});

const outputs = {
  Region: stack.region,
  WebhookBaseUrl: webhookBaseUrl,
  WebSocketUrl: gateway.webSocketUrl,
  CallbackUrl: gateway.webSockets.stage.callbackUrl,
  ApiUrl: gateway.apiUrl,
  ApiKeysSecret: gateway.secrets.apiKeys.secretArn,
  WebhookSecretsSecret: gateway.secrets.webhookSecrets.secretArn,
  UrlKeysSecret: gateway.secrets.urlKeys.secretArn,
};
for (const [name, value] of Object.entries(outputs)) new CfnOutput(stack, name, { value });
