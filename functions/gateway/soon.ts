/** A value that is here already, or its promise: ten thousand promises cost more than what they are for. */
export type Soon<Value> = Value | Promise<Value>;
