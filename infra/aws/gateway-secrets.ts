import type { RemovalPolicy } from 'aws-cdk-lib';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';

/** The three lists that only those read who need them; each is one or more entries separated by commas. */
export interface GatewaySecrets {
  /** Each opens the HTTP API. */
  readonly apiKeys: Secret;
  /** Each signs hooks. */
  readonly webhookSecrets: Secret;
  /** The first mints tickets, each verifies them. */
  readonly urlKeys: Secret;
}

/** The name of one of them. */
export type SecretName = keyof GatewaySecrets;

/** Makes the secrets, with one entry each that only Secrets Manager has seen. */
export function gatewaySecrets(scope: Construct, removalPolicy: RemovalPolicy): GatewaySecrets {
  const made = (id: string, description: string): Secret =>
    new Secret(scope, id, {
      description,
      // Letters and digits, a multiple of four of them: Standard Webhooks reads a secret as base64, after "whsec_" or bare.
      generateSecretString: { passwordLength: 48, excludePunctuation: true, includeSpace: false },
      removalPolicy,
    });
  return {
    apiKeys: made('ApiKeys', 'Sockethook: keys that open the HTTP API, separated by commas'),
    webhookSecrets: made('WebhookSecrets', 'Sockethook: secrets that sign hooks, separated by commas'),
    urlKeys: made('UrlKeys', 'Sockethook: keys that sign URLs for clients, separated by commas'),
  };
}
