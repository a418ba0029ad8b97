import type { RemovalPolicy } from 'aws-cdk-lib';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';

/** The three secrets; only the functions that need one may read it. Each is one or more entries separated by commas. */
export interface GatewaySecrets {
  /** Each opens the HTTP API. */
  readonly apiKeys: Secret;
  /** Each signs hooks. */
  readonly webhookSecrets: Secret;
  /** The first mints tickets, each verifies them. */
  readonly urlKeys: Secret;
}

/** The name of a secret. */
export type SecretName = keyof GatewaySecrets;

/** Creates the secrets. Secrets Manager generates one entry for each, which nobody else has seen. */
export function gatewaySecrets(scope: Construct, removalPolicy: RemovalPolicy): GatewaySecrets {
  const made = (id: string, description: string): Secret =>
    new Secret(scope, id, {
      description,
      // Letters and digits, a multiple of four: Standard Webhooks reads a secret as base64, with or without "whsec_".
      generateSecretString: { passwordLength: 48, excludePunctuation: true, includeSpace: false },
      removalPolicy,
    });
  return {
    apiKeys: made('ApiKeys', 'Sockethook: keys that open the HTTP API, separated by commas'),
    webhookSecrets: made('WebhookSecrets', 'Sockethook: secrets that sign hooks, separated by commas'),
    urlKeys: made('UrlKeys', 'Sockethook: keys that sign URLs for clients, separated by commas'),
  };
}
