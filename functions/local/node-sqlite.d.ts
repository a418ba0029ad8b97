declare module 'node:sqlite' {
  /** The SQLite of Node.js 22.13 and later, as much of it as the store uses. The types of Node.js 20 do not have it. */
  export const DatabaseSync: new (file: string) => import('./sqlite.ts').Database;
}
