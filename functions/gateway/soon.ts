/** A value that is here already, or its promise: where there are ten thousand of them, promises cost more than what they are for. */
export type Soon<Value> = Value | Promise<Value>;
