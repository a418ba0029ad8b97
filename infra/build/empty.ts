import { rm } from 'node:fs/promises';

// Before tsc: a file of an earlier build that has another name by now would be packed too.
await rm('dist', { recursive: true, force: true });
