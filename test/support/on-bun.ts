/** Whether this test itself runs on Bun. `docs/operations.md` says what differs there. */
export const isOnBun = process.versions['bun'] !== undefined;
