/** Yields what several sources give as it comes. Each is asked for one thing ahead, and all stop when one fails. */
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

/** Does work on things in their order, so many at once, and yields what comes of each in that order. */
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

/** Gathers single things into lists of one size; the last may be shorter. */
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

/** Whoever asked may have stopped listening by the time it fails; whoever still awaits it is told. */
function quiet<Value>(promise: Promise<Value>): Promise<Value> {
  promise.catch(() => undefined);
  return promise;
}
