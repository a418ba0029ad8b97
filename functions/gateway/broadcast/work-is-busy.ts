/** Another worker has a live claim of a part of a broadcast. No fault: the task has to come again. */
export class WorkIsBusy extends Error {
  constructor(part: 'segment' | 'batch') {
    super(`Another worker has this ${part} of the broadcast.`);
  }
}
