/** How thorough a run is. */
export interface Effort {
  /** How often each subject is measured. */
  readonly rounds: number;
  /** How long a measurement takes, in milliseconds. */
  readonly ms: number;
  /** How long a subject warms up before the first measurement, in milliseconds: Node.js compiles what runs often. */
  readonly warmMs: number;
  readonly isQuick: boolean;
  /** Options for the Node.js of the gateway, to profile it. */
  readonly gatewayOptions: readonly string[];
}

/** A bench: one file, and one section of the README. */
export interface Bench {
  readonly name: string;
  run(effort: Effort): Promise<Section>;
}

/** The results of a bench. */
export interface Section {
  /** How often each subject was measured, if that differs from the effort. */
  readonly rounds?: number;
  readonly tables: readonly Table[];
  /** The targets, and whether they are met. */
  readonly targets: readonly Target[];
  /** Further remarks. */
  readonly notes?: readonly string[];
  /** Pictures to write, by their path in the repository. */
  readonly pictures?: Readonly<Record<string, string>>;
}

/** A table of texts. The first column holds names, the others numbers. */
export interface Table {
  readonly title: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** A number that must reach a minimum or stay below a maximum. */
export interface Target {
  readonly what: string;
  readonly measured: number;
  readonly min?: number;
  readonly max?: number;
}
