declare module 'bun:sqlite' {
  /** Bun's own SQLite, as much of it as the store uses. */
  export const Database: new (file: string) => import('./sqlite.ts').Database;
}
