import { expect, test } from 'vitest';
import { normaliseOrigin, parseOrigin } from '../../functions/wire/page-origin.ts';

test.for([
  ['https://app.example', 'https://app.example'],
  ['HTTPS://App.Example', 'https://app.example'],
  ['https://app.example:443', 'https://app.example'],
  ['http://app.example:80', 'http://app.example'],
  ['http://app.example:443', 'http://app.example:443'],
  ['https://app.example:08443', 'https://app.example:8443'],
  ['https://bücher.example', 'https://xn--bcher-kva.example'],
  ['http://127.0.0.1:3000', 'http://127.0.0.1:3000'],
  ['http://[::1]:3000', 'http://[::1]:3000'],
  ['http://[0:0:0:0:0:0:0:1]', 'http://[::1]'],
  ['capacitor://localhost', 'capacitor://localhost'],
  ['ionic://localhost', 'ionic://localhost'],
  ['tauri://localhost', 'tauri://localhost'],
  ['https://tauri.localhost', 'https://tauri.localhost'],
  ['chrome-extension://ABCDEFghijklmnop', 'chrome-extension://abcdefghijklmnop'],
  [
    'moz-extension://6E0C7F0B-5C2E-4D9E-8F36-1B1A5D0F2A3C',
    'moz-extension://6e0c7f0b-5c2e-4d9e-8f36-1b1a5d0f2a3c',
  ],
  ['vscode-webview://1u2i3o4p', 'vscode-webview://1u2i3o4p'],
  ['app://.', 'app://.'],
  ['app://-', 'app://-'],
  ['app://', 'app://'],
  ['app://localhost:65535', 'app://localhost:65535'],
  ['file://', 'file://'],
  ['null', 'null'],
  ['NULL', 'null'],
])('the origin %s is compared as %s', ([given, compared]) => {
  expect(normaliseOrigin(given ?? '')).toBe(compared);
  expect(normaliseOrigin(compared ?? '')).toBe(compared);
  expect(parseOrigin(given ?? '')).toEqual({ ok: true, value: compared });
});

test.for([
  ...['', '*', 'app.example', 'https:', 'https://', 'https:app.example', 'https:/app.example', '://a', 'a b'],
  ...['https://app.example/', 'https://app.example/path', 'https://app.example?q', 'https://app.example#f'],
  ...[
    'https://me@app.example',
    'https://*.app.example',
    'app://*',
    'https://a.example https://b.example',
    'file:///',
  ],
  ...['https://a.example:65536', 'app://a:65536', 'app://:1', 'https://a.example:', 'https://a.example:x'],
  ...['https://[::1', 'https://::1', 'https://[xyz]', 'https://[::g]', 'https://a\u0000.example', '1app://a'],
  ...['https://%31.example', 'app://a\\b', 'https://a..b]', 'data:text/html,x', 'about:blank', 'blob:null'],
])('%j is no origin', (given) => {
  expect(normaliseOrigin(given)).toBeUndefined();
  expect(parseOrigin(given)).toMatchObject({ ok: false });
});

test.for([
  'https://app.example/',
  'capacitor://localhost/',
  'https://app.example/path',
  'https://a.example?q',
])('%s is refused with what is too much of it', (given) => {
  expect(parseOrigin(given)).toMatchObject({ error: expect.stringContaining('no slash, no path') });
});
