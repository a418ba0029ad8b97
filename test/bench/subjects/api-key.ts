/** The API key of every subject. */
export const apiKey = 'bench-key-0123456789';
