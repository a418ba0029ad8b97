/** A client's path, and how it may arrive from a proxy that decoded it, as nginx does with a URI in `proxy_pass`. */
export const samePaths: readonly (readonly [path: string, arrives: string])[] = [
  ['/room/a%40b.c', '/room/a@b.c'],
  ['/room/a@b.c', '/room/a%40b.c'],
  ['/caf%c3%a9', '/caf%C3%A9'],
  ['/%7Ealice/%61', '/~alice/a'],
  ['/a%3Bb%3D1', '/a;b=1'],
  ['/%22%3C%3E%5E%60%7B%7C%7D', '/"<>^`{|}'],
  ['/100%25/x', '/100%25/x'],
  ['/a%252Fb', '/a%252Fb'],
  ['/a%2fb', '/a%2Fb'],
];

/** A client's path, and another one that must not pass for it. */
export const otherPaths: readonly (readonly [path: string, arrives: string])[] = [
  ['/a', '/b'],
  ['/a', '/A'],
  ['/a', '/a/'],
  ['/a', '/a%00'],
  ['/a', '/a%0A'],
  ['/room%2Fadmin', '/room/admin'],
  ['/room/admin', '/room%2Fadmin'],
  ['/room/admin', '/room%2fadmin'],
  ['/room/admin', '/room\\admin'],
  ['/room/admin', '/room%5Cadmin'],
  ['/a%252Fb', '/a%2Fb'],
  ['/a%2Fb', '/a%252Fb'],
  ['/a%2540b', '/a%40b'],
  ['/room%2Fadmin', '/room%002Fadmin'],
  ['/%EF%BF%BD', '/%FF'],
  ['/a+b', '/a%20b'],
  ['/a%3Fb', '/a?b'],
  ['/a', '/a/.'],
  ['/a', '/b/../a'],
  ['/a', '/a%'],
];
