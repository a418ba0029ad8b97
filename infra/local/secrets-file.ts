import { randomBytes, randomInt } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { parseApiKey } from '../../functions/wire/api-key.ts';
import type { Result } from '../../functions/wire/result.ts';
import { parseSigningKey } from '../../functions/wire/signature.ts';
import { parseUrlKey } from '../../functions/wire/ticket.ts';
import type { SecretTexts } from './local-secrets.ts';

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

const keys = (parse: (text: string) => Result<unknown, string>) =>
  v.pipe(
    v.array(v.string()),
    v.minLength(1),
    v.check((entries) => entries.every((entry) => parse(entry).ok)),
  );

const fileSchema = v.object({
  apiKeys: keys(parseApiKey),
  webhookSecrets: keys(parseSigningKey),
  urlKeys: keys(parseUrlKey),
});

/**
 * The secrets of this machine, made at the first start and kept in `secrets.json` of a folder, readable to its
 * owner only. Throws if the file is there but can't be read.
 */
function readSecretsFile(folder: string): SecretTexts {
  const file = join(folder, 'secrets.json');
  try {
    return v.parse(fileSchema, JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) {
      throw new Error(`${file} can not be read; mend it, or delete it to have new secrets made.`, {
        cause: error,
      });
    }
  }
  const secrets = {
    apiKeys: [password()],
    webhookSecrets: [`whsec_${randomBytes(32).toString('base64')}`],
    urlKeys: [password()],
  };
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(file, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600, flag: 'wx' });
  return secrets;
}

/** The secrets of a gateway: those that the environment sets, and for the rest the file's. */
export function secretTexts(
  set: { readonly [List in keyof SecretTexts]: SecretTexts[List] | undefined } & { readonly folder: string },
): SecretTexts {
  const { apiKeys, webhookSecrets, urlKeys, folder } = set;
  if (apiKeys && webhookSecrets && urlKeys) return { apiKeys, webhookSecrets, urlKeys };
  const made = readSecretsFile(folder);
  return {
    apiKeys: apiKeys ?? made.apiKeys,
    webhookSecrets: webhookSecrets ?? made.webhookSecrets,
    urlKeys: urlKeys ?? made.urlKeys,
  };
}

/** 48 letters and digits: 285 bits. */
function password(): string {
  return Array.from({ length: 48 }, () => alphabet[randomInt(alphabet.length)]).join('');
}
