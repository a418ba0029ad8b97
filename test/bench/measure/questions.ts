/** The questions that a process of a bench can answer: their names, and the functions that answer them. */
export type Answers = Readonly<Record<string, (argument: unknown) => unknown>>;

/** A question on its way to a process of a bench. */
export interface Question {
  readonly id: number;
  readonly question: string;
  readonly argument: unknown;
}

/** The answer on its way back, or the reason why there is none. */
export interface Reply {
  readonly id: number;
  readonly answer?: unknown;
  readonly fault?: string;
}

const known: Record<string, (argument: unknown) => unknown> = {};
/** Questions that arrived before this process had loaded the modules that answer them. */
let early: Question[] = [];

/** Adds questions that this process answers for the process that started it. */
export function answer(answers: Answers): void {
  if (process.listenerCount('message') === 0) process.on('message', (asked: Question) => hear(asked));
  Object.assign(known, answers);
  const asked = early;
  early = [];
  for (const question of asked) hear(question);
}

function hear(asked: Question): void {
  const answering = known[asked.question];
  if (answering === undefined) early.push(asked);
  else void reply(asked, answering);
}

async function reply({ id, argument }: Question, answering: (argument: unknown) => unknown): Promise<void> {
  let told: Reply;
  try {
    told = { id, answer: await answering(argument) };
  } catch (error) {
    told = { id, fault: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
  process.send?.(told);
}
