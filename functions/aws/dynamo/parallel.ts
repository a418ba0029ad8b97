/** Yields the values of several sources as they arrive, reading one value ahead from each. Fails when one source fails. */
export async function* merged<Value>(sources: readonly AsyncGenerator<Value>[]): AsyncGenerator<Value> {
  const ask = (source: AsyncGenerator<Value>) => quiet(source.next().then((result) => ({ source, result })));
  const asked = new Map(sources.map((source) => [source, ask(source)]));
  while (asked.size > 0) {
    const { source, result } = await Promise.race(asked.values());
    if (result.done === true) {
      asked.delete(source);
    } else {
      asked.set(source, ask(source));
      yield result.value;
    }
  }
}

/** Works on values in order, `atOnce` at a time, and yields the outcomes in the same order. */
export async function* ahead<Value, Outcome>(
  values: AsyncIterable<Value>,
  atOnce: number,
  work: (value: Value) => Promise<Outcome>,
): AsyncGenerator<Outcome> {
  const begun: Promise<Outcome>[] = [];
  for await (const value of values) {
    begun.push(quiet(work(value)));
    const first = begun.length < atOnce ? undefined : begun.shift();
    if (first !== undefined) yield await first;
  }
  for (const outcome of begun) yield await outcome;
}

/** Works on each value, `atOnce` at a time, and resolves when all are done. Rejects when one fails, and begins no other. */
export async function forEach<Value>(
  values: readonly Value[],
  atOnce: number,
  work: (value: Value) => Promise<void>,
): Promise<void> {
  const left = values.values();
  let hasFailed = false;
  const worker = async (): Promise<void> => {
    for (const value of left) {
      if (hasFailed) return;
      try {
        await work(value);
      } catch (error) {
        hasFailed = true;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, values.length) }, worker));
}

/** Regroups lists into lists of one size. The last may be shorter. */
export async function* chunked<Value>(
  lists: AsyncIterable<readonly Value[]>,
  size: number,
): AsyncGenerator<Value[]> {
  let gathered: Value[] = [];
  for await (const list of lists) {
    gathered.push(...list);
    for (; gathered.length >= size; gathered = gathered.slice(size)) yield gathered.slice(0, size);
  }
  if (gathered.length > 0) yield gathered;
}

/** Keeps a rejection that nobody awaits any more from ending the process. A caller that does await it still sees it. */
function quiet<Value>(promise: Promise<Value>): Promise<Value> {
  promise.catch(() => undefined);
  return promise;
}
