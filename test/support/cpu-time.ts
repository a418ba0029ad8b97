/** Does work, and tells how much CPU time of this process it took: other processes, which may be busy, do not count. */
export async function cpuTime<Value>(
  work: () => Value,
): Promise<{ readonly ms: number; readonly value: Awaited<Value> }> {
  const begun = process.cpuUsage();
  const value = await work();
  const { user, system } = process.cpuUsage(begun);
  return { ms: (user + system) / 1_000, value };
}
