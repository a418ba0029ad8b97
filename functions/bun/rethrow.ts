/** Bun keeps what a handler throws from the process. On Node.js it ends the process, as any fault that nobody expected. */
export function rethrow(error: unknown): void {
  setImmediate(() => {
    throw error;
  });
}
