import { readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** A block of code in a page: the heading it stands under, its language, and its text. */
export interface Fence {
  readonly heading: string;
  readonly language: string;
  readonly code: string;
}

/** A page of the documentation. Every method throws if the page lacks what a test looks for. */
export class Page {
  /** From the root of the repository: `docs/aws.md`. */
  readonly path: string;
  readonly text: string;

  constructor(path: string) {
    this.path = path;
    this.text = readFileSync(posix.join(root, path), 'utf8');
  }

  /** The text under a heading, up to the next heading of its level or above. */
  section(title: string): string {
    const lines = this.#linesOutsideFences();
    const from = lines.findIndex((line) => /^#+ /.test(line) && line.replace(/^#+ /, '') === title);
    if (from < 0) throw new Error(`${this.path} has no heading "${title}".`);
    const level = (lines[from] ?? '').indexOf(' ');
    const isEnd = (line: string): boolean => /^#+ /.test(line) && line.indexOf(' ') <= level;
    const length = lines.slice(from + 1).findIndex(isEnd);
    const end = length < 0 ? undefined : from + 1 + length;
    return this.text
      .split('\n')
      .slice(from + 1, end)
      .join('\n');
  }

  /** Every block of code, in order. */
  get fences(): Fence[] {
    let heading = '';
    const blocks = this.text.matchAll(/^#+ (.*)$|^ *```(\w*)\n([\s\S]*?)^ *```$/gm);
    return [...blocks].flatMap(([, title, language = '', code]) => {
      if (title !== undefined) heading = title;
      return code === undefined ? [] : [{ heading, language, code }];
    });
  }

  /** The code under a heading in one language. */
  code(heading: string, language: string): string[] {
    const found = this.fences.filter((fence) => fence.heading === heading && fence.language === language);
    if (found.length === 0) throw new Error(`${this.path} has no ${language} under "${heading}".`);
    return found.map(({ code }) => code);
  }

  /** The rows of the table under a heading whose first column has this head, as cells without their backticks. */
  rows(title: string, head: string): string[][] {
    const tables = this.section(title)
      .split(/\n{2,}/)
      .filter((block) => block.trim().startsWith('|'))
      .map((block) => block.trim().split('\n').map(cells));
    const table = tables.find(([first]) => first?.[0] === head);
    if (table === undefined)
      throw new Error(`"${title}" of ${this.path} has no table that begins with "${head}".`);
    return table.slice(2);
  }

  /** The targets of its links, as they are written. */
  get links(): string[] {
    const prose = this.#linesOutsideFences()
      .join('\n')
      .replace(/`[^`\n]*`/g, '');
    return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
  }

  /** What its headings can be linked to as, after a `#`. */
  get anchors(): ReadonlySet<string> {
    const anchors = new Set<string>();
    for (const line of this.#linesOutsideFences()) {
      const [, title] = /^#+ (.*)$/.exec(line) ?? [];
      if (title === undefined) continue;
      const plain = title.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase();
      const anchor = plain.replace(/[^\p{L}\p{N}\p{M} _-]/gu, '').replaceAll(' ', '-');
      let unique = anchor;
      for (let again = 1; anchors.has(unique); again += 1) unique = `${anchor}-${again}`;
      anchors.add(unique);
    }
    return anchors;
  }

  /** Its lines, those of code emptied. */
  #linesOutsideFences(): string[] {
    let isCode = false;
    return this.text.split('\n').map((line) => {
      const isMark = /^ *```/.test(line);
      if (isMark) isCode = !isCode;
      return isCode || isMark ? '' : line;
    });
  }
}

function cells(line: string): string[] {
  const inner = line.trim().replace(/^\||\|$/g, '');
  return inner.split('|').map((cell) => cell.trim().replace(/^`([^`]*)`$/, '$1'));
}

export const readme = new Page('README.md');
export const docs: readonly Page[] = readdirSync(posix.join(root, 'docs'))
  .filter((name) => name.endsWith('.md'))
  .map((name) => new Page(`docs/${name}`));

/** The page of docs/ with this name, without its ending. */
export function doc(name: string): Page {
  const page = docs.find(({ path }) => path === `docs/${name}.md`);
  if (page === undefined) throw new Error(`There is no docs/${name}.md.`);
  return page;
}

/** The block of code in the README or in docs/ whose first line names a file. */
export function fileNamed(name: string): string {
  const blocks = [readme, ...docs].flatMap(({ fences }) => fences.map(({ code }) => code));
  const file = blocks.find((code) => nameOf(code) === name);
  if (file === undefined) throw new Error(`No snippet begins with the name ${name}.`);
  return file;
}

/** The file that a block of code names in its first line. */
export function nameOf(code: string): string | undefined {
  return /^(?:#|\/\/) (\S+\.\w+)$/.exec(code.split('\n', 1)[0] ?? '')?.[1];
}
