import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A key and a certificate for `localhost`, with the chain behind it. */
export interface Certificate {
  readonly key: Buffer;
  readonly cert: Buffer;
  /** Where the root of the chain is, for whoever is to trust it. */
  readonly rootFile: string;
}

/** Makes one as AWS has them: RSA of 2,048 bits, a root, an authority below it, and the service; each is verified. */
export function certificate(): Certificate {
  const folder = mkdtempSync(join(tmpdir(), 'sockethook-lambda-tls-'));
  const at = (name: string): string => join(folder, name);
  const openssl = (...args: string[]): void => {
    execFileSync('openssl', args, { stdio: 'ignore', cwd: folder });
  };
  const newKey = (name: string): string[] => ['-newkey', 'rsa:2048', '-nodes', '-keyout', `${name}.key`];
  openssl('req', '-x509', ...newKey('root'), '-days', '2', '-out', 'root.pem', '-subj', '/CN=Root');
  const sign = (name: string, by: string, extension: string): void => {
    writeFileSync(at(`${name}.ext`), extension);
    openssl('req', ...newKey(name), '-out', `${name}.csr`, '-subj', `/CN=${name}`);
    const issuer = ['-CA', `${by}.pem`, '-CAkey', `${by}.key`, '-CAcreateserial'];
    const out = ['-days', '2', '-extfile', `${name}.ext`, '-out', `${name}.pem`];
    openssl('x509', '-req', '-in', `${name}.csr`, ...issuer, ...out);
  };
  sign('authority', 'root', 'basicConstraints=critical,CA:TRUE');
  sign('service', 'authority', 'subjectAltName=DNS:localhost');
  return {
    key: readFileSync(at('service.key')),
    cert: Buffer.concat([readFileSync(at('service.pem')), readFileSync(at('authority.pem'))]),
    rootFile: at('root.pem'),
  };
}
