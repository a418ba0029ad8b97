/** The reason of a close with 1012 that tells the client after how many milliseconds it may come back. */
export function restartReason(ms: number): string {
  return `Service restart, back in ${(ms / 1_000).toFixed(2)} s`;
}

/** After how many milliseconds the client may come back; 0 if the reason of the close does not say. */
export function readRestart(reason: string): number {
  return Number(/back in (\d+\.\d\d) s$/.exec(reason)?.[1] ?? 0) * 1_000;
}
