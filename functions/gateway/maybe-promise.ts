/** A value that is here already, or its promise: ten thousand promises cost more than what they are for. */
export type MaybePromise<Value> = Value | Promise<Value>;
