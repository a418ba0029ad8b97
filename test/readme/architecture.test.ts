import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const page = readFileSync('docs/architecture.md', 'utf8');
const inCode = [...page.matchAll(/`([^`\n]+)`/g)].map(([, text = '']) => text);

test('every path that the architecture page names exists', () => {
  const paths = inCode.filter((text) => /^(?:functions|infra|sdk|test|docs|examples)\/[^*]*$/.test(text));
  expect(paths.length).toBeGreaterThan(50);
  expect(paths.filter((path) => !existsSync(path))).toEqual([]);
});

test('every flow that the architecture page names by its room exists', () => {
  const flows = inCode.filter((text) => /^(?:relay|deliver|end|sweep|api)\/[a-z-]+$/.test(text));
  expect(flows.length).toBeGreaterThan(2);
  expect(flows.filter((flow) => !existsSync(`functions/gateway/${flow}.ts`))).toEqual([]);
});

test('the architecture page names every room of functions/', () => {
  const folders = (path: string): string[] =>
    readdirSync(path, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name);
  const tree = page.slice(page.indexOf('## Folders and imports'), page.indexOf('An arrow means'));
  const rooms = ['functions', 'functions/aws', 'functions/gateway'].flatMap(folders);
  expect(rooms.filter((room) => !new RegExp(`^ +(?:functions/)?${room}/ `, 'm').test(tree))).toEqual([]);
});

test('every link within the architecture page leads to a heading', () => {
  const headings = [...page.matchAll(/^#+ (.+)$/gm)].map(([, text = '']) =>
    text
      .toLowerCase()
      .replace(/[^\w -]/g, '')
      .replaceAll(' ', '-'),
  );
  const links = [...page.matchAll(/\]\(#([^)]+)\)/g)].map(([, target = '']) => target);
  expect(links.length).toBeGreaterThan(5);
  expect(links.filter((target) => !headings.includes(target))).toEqual([]);
});
