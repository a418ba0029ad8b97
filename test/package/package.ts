import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync } from 'node:fs';
import { readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { lambdaNode } from '../lambda/lambda-node.ts';
import { ChildApp, type Environment } from '../support/child-app.ts';

const run = promisify(execFile);

/** Where `.ci/run` puts the Node.js that has SQLite and warns of it. */
const between = resolve('node_modules/.cache/node-22/node_modules/node/bin/node');

function versionOf(file: string): string {
  return execFileSync(file, ['--version'], { encoding: 'utf8' }).trim().slice(1);
}

const found = [
  { file: process.execPath, version: process.versions.node },
  ...(existsSync(between) ? [{ file: between, version: versionOf(between) }] : []),
  lambdaNode(),
];

/** The Node.js versions that the package runs on here: the one that runs this, 22 if it is there, and Lambda's. */
export const nodes = found
  .filter(({ version }, at) => found.findIndex((other) => other.version === version) === at)
  .map((node) => ({ ...node, hasSqlite: Number(node.version.split('.')[0]) >= 22 }));

/** A Node.js of `nodes`. */
export type Node = (typeof nodes)[number];

/** The package as `npm pack` makes it, in a folder outside of the project. */
export class Package {
  readonly tarball: string;
  readonly #root: string;

  private constructor(root: string, tarball: string) {
    this.#root = root;
    this.tarball = tarball;
  }

  static async pack(): Promise<Package> {
    const root = mkdtempSync(join(tmpdir(), 'sockethook-package-'));
    // `prepack` builds it.
    const { stdout } = await run('npm', ['pack', '--silent', '--pack-destination', root]);
    return new Package(root, join(root, stdout.trim().split('\n').at(-1) ?? ''));
  }

  /** Installs it, and packages beside it, into an empty directory. */
  async install(...beside: readonly string[]): Promise<Installation> {
    const folder = mkdtempSync(join(this.#root, 'project-'));
    await writeFile(join(folder, 'package.json'), '{"private":true}');
    const options = ['--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts'];
    await run('npm', ['install', ...options, this.tarball, ...beside], { cwd: folder });
    return new Installation(folder);
  }

  async remove(): Promise<void> {
    await rm(this.#root, { recursive: true });
  }
}

/** An installed package. */
export class Installation {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  /** Runs `npx sockethook` with a Node.js. */
  run(node: Pick<Node, 'file'>, args: readonly string[], env: Environment = {}): ChildApp {
    const PATH = `${dirname(node.file)}:${process.env['PATH']}`;
    const npx = ['--no-install', 'sockethook', ...args];
    // npx passes no signal on, so that it is the whole group that is ended.
    const npm = { npm_config_update_notifier: 'false', HOME: this.folder, PATH };
    return new ChildApp('npx', npx, { ...npm, ...env }, { cwd: this.folder, ownGroup: true });
  }

  /** Runs the program itself, so that its signals reach it. */
  program(node: Pick<Node, 'file'>, args: readonly string[], env: Environment = {}): ChildApp {
    const bin = join(this.folder, 'node_modules/.bin/sockethook');
    return new ChildApp(node.file, [bin, ...args], env, { cwd: this.folder });
  }

  /** The bytes of all installed files. */
  async bytes(): Promise<number> {
    const folder = join(this.folder, 'node_modules');
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile());
    const sizes = await Promise.all(
      files.map(async (file) => (await stat(join(file.parentPath, file.name))).size),
    );
    return sizes.reduce((sum, size) => sum + size, 0);
  }
}
