import { randomBytes, randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { parseApiKey } from '../wire/api-key.ts';
import type { Result } from '../wire/result.ts';
import { parseSigningKey } from '../wire/signature.ts';
import { parseUrlKey } from '../wire/ticket.ts';
import { codeOf, keepFile, keepOutOfGit, makeFolder } from './folder.ts';
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
 * The secrets of this machine, made at the first start and kept in `secrets.json` in a folder, readable by its owner
 * only. Two processes that start at the same time get the same secrets. Throws if the file exists but can't be read,
 * or if it can't be written.
 */
function readSecretsFile(folder: string): SecretTexts {
  const file = secretsFile(folder);
  return read(file) ?? make(folder, file);
}

/** Undefined if there is no such file. */
function read(file: string): SecretTexts | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    const code = codeOf(cause);
    if (code === 'ENOENT') return undefined;
    const advice = 'let this user read it, or set SOCKETHOOK_DIR to a separate folder';
    throw new Error(`${file} cannot be read (${code}): ${advice}.`, { cause });
  }
  try {
    return v.parse(fileSchema, JSON.parse(text));
  } catch (cause) {
    throw new Error(`${file} cannot be used; fix it, or delete it to generate new secrets.`, { cause });
  }
}

function make(folder: string, file: string): SecretTexts {
  const secrets = {
    apiKeys: [password()],
    webhookSecrets: [`whsec_${randomBytes(32).toString('base64')}`],
    urlKeys: [password()],
  };
  try {
    makeFolder(folder);
    keepOutOfGit(folder);
    keepFile(file, `${JSON.stringify(secrets, null, 2)}\n`);
    return secrets;
  } catch (cause) {
    const code = codeOf(cause);
    const made = code === 'EEXIST' ? read(file) : undefined;
    if (made !== undefined) return made;
    const advice = 'set SOCKETHOOK_DIR to a folder that this user can write to, on a disk with free space';
    throw new Error(`Secrets cannot be kept in ${folder} (${code}): ${advice}.`, { cause });
  }
}

/** Where the secrets of a gateway come from: lists of the environment, and the folder of the file that has the others. */
export type SecretSources = { readonly [List in keyof SecretTexts]: SecretTexts[List] | undefined } & {
  readonly folder: string;
};

/** The secrets of a gateway: from the environment, and from the file where the environment has none. */
export function secretTexts(set: SecretSources): SecretTexts {
  return textsOf(set, () => readSecretsFile(set.folder));
}

/**
 * The same, with the file as it is now. Throws if it can't be used, and also if there is none: new secrets would lock
 * everybody out.
 */
export function secretTextsNow(set: SecretSources): SecretTexts {
  return textsOf(set, () => {
    const file = secretsFile(set.folder);
    const found = read(file);
    if (found === undefined) throw new Error(`${file} does not exist.`);
    return found;
  });
}

/** The file of the secrets in a folder. */
export function secretsFile(folder: string): string {
  return join(folder, 'secrets.json');
}

function textsOf({ apiKeys, webhookSecrets, urlKeys }: SecretSources, file: () => SecretTexts): SecretTexts {
  if (apiKeys && webhookSecrets && urlKeys) return { apiKeys, webhookSecrets, urlKeys };
  const made = file();
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
