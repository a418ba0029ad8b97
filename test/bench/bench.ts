/** How much a run takes upon itself. */
export interface Effort {
  /** How often each subject is measured. */
  readonly rounds: number;
  /** How long a measurement takes, in milliseconds. */
  readonly ms: number;
  /** How long a subject runs before it is measured first, in milliseconds: Node.js compiles what runs often. */
  readonly warmMs: number;
  readonly isQuick: boolean;
  /** Options for the Node.js of the gateway, to profile it. */
  readonly gatewayOptions: readonly string[];
}

/** One bench: a file of its own, and a section of the README. */
export interface Bench {
  readonly name: string;
  run(effort: Effort): Promise<Section>;
}

/** What came of a bench. */
export interface Section {
  /** How often each subject was measured, if not as often as the effort says. */
  readonly rounds?: number;
  readonly tables: readonly Table[];
  /** What is wanted of it, and whether it is so. */
  readonly targets: readonly Target[];
  /** What else is to be said. */
  readonly notes?: readonly string[];
  /** Pictures to be kept, by their place in the repository. */
  readonly pictures?: Readonly<Record<string, string>>;
}

/** A table of texts; the first column is a name, the others are numbers. */
export interface Table {
  readonly title: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** A number that is to be reached, or not to be passed. */
export interface Target {
  readonly what: string;
  readonly measured: number;
  readonly min?: number;
  readonly max?: number;
}
