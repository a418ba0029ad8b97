import { execFileSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { posix } from 'node:path';
import { expect, test } from 'vitest';
import { docs, Page, readme } from './page.ts';

/** Every page of the repository. */
const pages = new Map(
  execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.md'], {
    encoding: 'utf8',
  })
    .split('\n')
    .filter((path) => path !== '' && existsSync(path))
    .map((path) => [path, new Page(path)]),
);

/** Why a link of a page leads nowhere; undefined if it leads somewhere. Links to other sites are not followed. */
function broken(page: Page, link: string): string | undefined {
  if (/^https?:/.test(link)) return undefined;
  const [file = '', anchor] = link.split('#');
  const path = file === '' ? page.path : posix.normalize(posix.join(posix.dirname(page.path), file));
  if (path.startsWith('..') || !existsSync(path)) return `${page.path}: ${link} has no file`;
  if (anchor === undefined) return undefined;
  if (statSync(path).isDirectory() || !path.endsWith('.md')) return `${page.path}: ${link} is no page`;
  return (pages.get(path) ?? new Page(path)).anchors.has(anchor)
    ? undefined
    : `${page.path}: ${link} has no heading`;
}

test('there are pages and links to look at', () => {
  expect(pages.size).toBeGreaterThan(15);
  expect(readme.links.length).toBeGreaterThan(15);
});

test('every link between pages leads to a file, and to a heading if it names one', () => {
  const found = [...pages.values()].flatMap((page) => page.links.map((link) => broken(page, link)));
  expect(found.filter((why) => why !== undefined)).toEqual([]);
});

test('a link to a missing file, a missing heading or a heading of another kind of file is found', () => {
  const found = ['docs/nowhere.md', 'docs/aws.md#nowhere', 'package.json#scripts', '../LICENSE', '#nowhere'];
  expect(found.filter((link) => broken(readme, link) === undefined)).toEqual([]);
  expect(broken(readme, 'docs/aws.md#deploying')).toBeUndefined();
});

test('the README links to every page of docs/, and to the pages for contributors', () => {
  const linked = new Set(readme.links.map((link) => link.split('#')[0]));
  const wanted = [
    ...docs.map(({ path }) => path),
    'CONTRIBUTING.md',
    'SECURITY.md',
    'CHANGELOG.md',
    'LICENSE',
  ];
  expect(wanted.filter((path) => !linked.has(path))).toEqual([]);
});

test('docs/ has at most nine pages beside architecture and decisions', () => {
  expect(docs.length - 2).toBeLessThanOrEqual(9);
});

test('the README has at most 9,216 bytes', () => {
  expect(Buffer.byteLength(readme.text)).toBeLessThanOrEqual(9_216);
});

test('a page with several sections begins with a list of them all, in order', () => {
  const listed = docs.filter(({ text }) => /^- \[[^\]]*\]\(#/m.test(text));
  expect(listed.length).toBeGreaterThan(5);
  for (const page of listed) {
    const sections = [...page.text.matchAll(/^## (.*)$/gm)].map(([, title]) => title);
    const list = [...page.text.matchAll(/^- \[([^\]]*)\]\(#[\w-]+\)$/gm)].map(([, title]) => title);
    expect(list, page.path).toEqual(sections);
  }
});
