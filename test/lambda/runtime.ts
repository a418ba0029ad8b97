/** One run of a function, and how many milliseconds it may take. */
export interface Run {
  readonly event: unknown;
  readonly timeoutMs: number;
}

/** What came of a run. */
export interface Ran {
  readonly value?: unknown;
  readonly error?: string;
  /** How long it took, and the CPU that it used meanwhile, in milliseconds. */
  readonly ms: number;
  readonly cpuMs: number;
  /** The most memory that its process has had, in MB. */
  readonly peakMb: number;
}

type Handler = (event: unknown, context: object) => Promise<unknown>;

/** The runtime of a Lambda in a process of its own: loads a bundled handler, and runs it for each event that comes. */
const loaded: Promise<{ handler: Handler }> = import(process.argv[2] ?? '');

process.on('message', async ({ event, timeoutMs }: Run) => {
  const { handler } = await loaded;
  const [begun, before] = [performance.now(), process.cpuUsage()];
  const context = { getRemainingTimeInMillis: () => timeoutMs - (performance.now() - begun) };
  const outcome = await handler(event, context).then(
    (value) => ({ value }),
    (error: unknown) => ({ error: String(error) }),
  );
  const { user, system } = process.cpuUsage(before);
  const ran: Ran = {
    ...outcome,
    ms: Math.round(performance.now() - begun),
    cpuMs: Math.round((user + system) / 1_000),
    peakMb: Math.round(process.resourceUsage().maxRSS / 1_024),
  };
  process.send?.(ran);
});
