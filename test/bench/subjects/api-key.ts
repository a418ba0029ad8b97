/** What opens the HTTP API of a subject. */
export const apiKey = 'bench-key-0123456789';
