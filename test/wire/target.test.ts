import fc from 'fast-check';
import { expect, test } from 'vitest';
import { escapePath, escapeQuery, parsePath } from '../../functions/wire/path.ts';
import { parseParameters, parseTarget } from '../../functions/wire/target.ts';

test.for<[target: string, path: string, query: string]>([
  ['/', '/', ''],
  ['/foo/bar', '/foo/bar', ''],
  ['/foo/?x=1', '/foo/', 'x=1'],
  ['/foo?', '/foo', ''],
  ['/?', '/', ''],
  ['/foo?&', '/foo', '&'],
  ['/foo??', '/foo', '?'],
  ['/?path=%2Ffoo&', '/foo', ''],
  ['/a%20b%2Fc/%C3%A9?x=1&y=2', '/a%20b%2Fc/%C3%A9', 'x=1&y=2'],
  ['/?path=%2Fa%2520b%252Fc%2F%25C3%25A9&x=1&y=2', '/a%20b%2Fc/%C3%A9', 'x=1&y=2'],
  ['/?path=/foo', '/foo', ''],
  ['/?x=1&path=%2Ffoo&y=2', '/foo', 'x=1&y=2'],
  ['/?p%61th=%2Ffoo', '/foo', ''],
  ['/?path=%2Fa%3Bb%3D1', '/a;b=1', ''],
])('%j leads to the path %j with the query %j', ([target, path, query]) => {
  expect(parseTarget(target)).toEqual({ ok: true, value: { kind: 'path', path, query } });
});

test.for([
  'y=2&x=1&y=1',
  'x=%7e&X=%7E&z=a+b%20c',
  'x=1&&y&=&z==',
  'x=%&y=%zz',
  'user=admin&event=x',
  'from=a&body=b&state=c&time=0',
  'Path=/x&Ticket=y&path%20=z&paths=1',
])("the client's own query %j keeps its text and order", (query) => {
  const target = { kind: 'path', path: '/foo', query };
  expect(parseTarget(`/foo?${query}`)).toEqual({ ok: true, value: target });
  expect(parseTarget(`/?path=%2Ffoo&${query}`)).toEqual({ ok: true, value: target });
  expect(parseTarget(`/?${query}&path=%2Ffoo`)).toEqual({ ok: true, value: target });
});

test('raw characters that no query holds are escaped', () => {
  const query = 'x=%22%3C%3E%C3%A9%7C%5C%5E%60%7B%7D%5B%5D%20%23';
  const target = { kind: 'path', path: '/a', query };
  expect(parseTarget('/a?x="<>é|\\^`{}[] #')).toEqual({ ok: true, value: target });
});

test('both ways of writing a URL lead to the same path and query', () => {
  const path = fc
    .string({ unit: 'binary' })
    .map(escapePath)
    .filter((text) => parsePath(text).ok);
  const query = fc.string({ unit: 'binary' }).map((text) => escapeQuery(`q=${text.replaceAll('&', '')}`));
  const same = fc.property(path, query, (written, own) => {
    const target = { kind: 'path', path: written, query: own };
    expect(parseTarget(`${written}?${own}`)).toEqual({ ok: true, value: target });
    expect(parseTarget(`/?path=${encodeURIComponent(written)}&${own}`)).toEqual({ ok: true, value: target });
  });
  fc.assert(same, { numRuns: 500 });
});

test.for<[target: string, fault: string]>([
  ['/?path=%2Fa&path=%2Fa', 'the parameter "path" is given once'],
  ['/?path=%2Fa&x=1&%70ath=%2Fb', 'the parameter "path" is given once'],
  ['/?ticket=a&ticket=a', 'the parameter "ticket" is given once'],
  ['/foo?ticket=a&path=%2Fa&ticket=b', 'the parameter "ticket" is given once'],
  ['/foo?path=%2Fbar', 'a URL with a path of its own has no parameter "path"'],
  ['//?path=%2Fbar', 'a URL with a path of its own has no parameter "path"'],
  ['?path=%2Fbar', 'a URL with a path of its own has no parameter "path"'],
  ['', 'a path begins with "/"'],
  ['?', 'a path begins with "/"'],
  ['/../x?', 'no segment of a path is empty (but the last), "." or ".."'],
  [`/${'a'.repeat(1_024)}?`, 'a path is at most 1024 bytes'],
  ['http://evil/', 'a path begins with "/"'],
  ['/?path=', 'a path begins with "/"'],
  ['/?path', 'a path begins with "/"'],
  ['/?path=foo', 'a path begins with "/"'],
  ['/?path=%zz', 'a path begins with "/"'],
  ['/?path=/%zz', 'a path holds only RFC 3986 path characters and valid escapes'],
  ['/?path=%2Fa+b', 'a path holds only RFC 3986 path characters and valid escapes'],
  ['/?path=%2Fa%20b', 'a path holds only RFC 3986 path characters and valid escapes'],
  ['/?path=%2Fa%3Fb', 'a path holds only RFC 3986 path characters and valid escapes'],
  ['/?path=%2F%2e%2e%2Fx', 'no segment of a path is empty (but the last), "." or ".."'],
  ['/?path=%2F%252e%252e%2Fx', 'no segment of a path is empty (but the last), "." or ".."'],
  ['/../x', 'no segment of a path is empty (but the last), "." or ".."'],
  ['//evil/x', 'no segment of a path is empty (but the last), "." or ".."'],
])('%j is refused', ([target, error]) => {
  expect(parseTarget(target)).toEqual({ ok: false, error });
});

test.for<[target: string, ticket: string]>([
  ['/?ticket=a.b.c', 'a.b.c'],
  ['/?ticket=', ''],
  ['/?ticket', ''],
  ['/?t%69cket=a', 'a'],
  ['/foo?x=1&ticket=a%2Eb&y=2', 'a.b'],
  ['/foo?path=%2Fbar&ticket=a', 'a'],
  ['/?path=%2Fa&path=%2Fb&ticket=a', 'a'],
  ['/../x?ticket=a', 'a'],
])('the ticket of %j replaces path and query', ([target, ticket]) => {
  expect(parseTarget(target)).toEqual({ ok: true, value: { kind: 'ticket', ticket } });
});

test.for<[parameters: Record<string, string[] | null>, path: string, query: string]>([
  [{}, '/', ''],
  [{ path: ['/a'], x: null }, '/a', ''],
  [{ path: ['/a%2Fb'], x: ['1', '2'], 'é &': ['+%'] }, '/a%2Fb', 'x=1&x=2&%C3%A9%20%26=%2B%25'],
  [{ x: ['\ud800'], '\udfff': ['🗼'] }, '/', 'x=%EF%BF%BD&%EF%BF%BD=%F0%9F%97%BC'],
])('the decoded parameters %j lead to %j with the query %j', ([parameters, path, query]) => {
  expect(parseParameters(parameters)).toEqual({ ok: true, value: { kind: 'path', path, query } });
});
