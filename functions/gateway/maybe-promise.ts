/** A value, or a promise of one. On hot paths, ten thousand promises would cost more than the work itself. */
export type MaybePromise<Value> = Value | Promise<Value>;
