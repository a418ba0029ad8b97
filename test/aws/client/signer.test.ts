import aws4 from 'aws4';
import { describe, expect, test } from 'vitest';
import { ServiceKey } from '../../../functions/aws/client/service-key.ts';
import { Signer } from '../../../functions/aws/client/signer.ts';
import { ManualClock } from '../../fakes/manual-clock.ts';
import vectors from '../../vectors/signatures.json' with { type: 'json' };

/** A vector of the SigV4 test suite that AWS publishes; what is not said is as it is in all of them. */
interface Vector {
  readonly name: string;
  readonly service?: string;
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly sessionToken?: string;
  readonly signedHeaders: string;
  readonly signature: string;
}

const at = Date.parse('2015-08-30T12:36:00Z');
const keys = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' };
const usualHost = 'example.amazonaws.com';
const keyOf = (service: string) => new ServiceKey(keys.secretAccessKey, { service, region: 'us-east-1' });

describe("AWS's own examples", () => {
  test.for<Vector>(vectors)('$name is signed as AWS signs it', (vector) => {
    const { service = 'service', method, path, body = '', sessionToken } = vector;
    const { host = usualHost, ...headers } = vector.headers ?? {};
    const common = { host, headers };
    const signer = new Signer({ ...keys, sessionToken }, keyOf(service), common, new ManualClock(at));
    expect(signer.headers).toEqual({
      ...headers,
      ...(sessionToken !== undefined && { 'x-amz-security-token': sessionToken }),
    });
    expect(signer.sign({ method, path, body })).toEqual({
      'x-amz-date': '20150830T123600Z',
      authorization: `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/${service}/aws4_request, SignedHeaders=${vector.signedHeaders}, Signature=${vector.signature}`,
    });
  });
});

describe('a signer', () => {
  const request = { method: 'GET', path: '/', body: '' };
  const common = { host: usualHost, headers: {} };

  test('that was used before midnight signs the next day with the next key', async () => {
    const clock = new ManualClock(Date.parse('2015-08-29T23:59:59.999Z'));
    const signer = new Signer(keys, keyOf('service'), common, clock);
    expect(signer.sign(request).authorization).toContain('/20150829/');
    await clock.advance(at - clock.now());
    expect(signer.sign(request).authorization).toContain(vectors[0]?.signature);
  });

  test('signs each second anew', async () => {
    const clock = new ManualClock(at);
    const signer = new Signer(keys, keyOf('service'), common, clock);
    const dates = [signer.sign(request), signer.sign(request)];
    await clock.advance(1_000);
    dates.push(signer.sign(request));
    expect(dates.map((headers) => headers['x-amz-date'])).toEqual([
      '20150830T123600Z',
      '20150830T123600Z',
      '20150830T123601Z',
    ]);
    expect(new Set(dates.map(({ authorization }) => authorization)).size).toBe(2);
  });

  test('whose clock goes back signs for the time that it is', async () => {
    const times = ['2015-08-31T00:00:01Z', '2015-08-30T12:36:00Z', '2015-08-30T12:35:59Z'].map(Date.parse);
    let at = 0;
    const signer = new Signer(keys, keyOf('service'), common, { now: () => times[at] ?? 0 });
    const signed = times.map((_, now) => {
      at = now;
      return signer.sign(request);
    });
    expect(signed.map((headers) => headers['x-amz-date'])).toEqual([
      '20150831T000001Z',
      '20150830T123600Z',
      '20150830T123559Z',
    ]);
    expect(signed[1]?.authorization).toContain(vectors[0]?.signature);
  });

  test.for(['/a?a=1&a1=2', '/a?limit=1&limit-to=2', '/a?b=2&a=2&a=1', '/a?a=&a%20b=1&a=0'])(
    'orders the parameters of %s as another one does',
    (path) => {
      const time = '20150830T123600Z';
      const asked = { method: 'GET', path, headers: { host: usualHost, 'x-amz-date': time }, body: '' };
      const scope = { service: 'service', region: 'us-east-1', doNotModifyHeaders: true };
      const other = Object.assign(new aws4.RequestSigner({ ...asked, ...scope }, keys), { datetime: time });
      const signer = new Signer(keys, keyOf('service'), common, new ManualClock(at));
      expect(signer.sign({ ...request, path }).authorization).toBe(other.authHeader());
    },
  );
});
