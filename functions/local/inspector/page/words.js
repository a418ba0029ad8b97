/** The icon and the word of each outcome of a hook. */
const outcomes = {
  waiting: { icon: '…', word: 'waiting' },
  accepted: { icon: '✓', word: 'accepted' },
  refused: { icon: '✕', word: 'refused' },
  failed: { icon: '!', word: 'failed' },
  held: { icon: '‖', word: 'held' },
};

/** The icon of a hook's outcome. */
export function outcomeIcon({ outcome }) {
  return outcomes[outcome]?.icon ?? '?';
}

/** The outcome of a hook in words: "failed 500". */
export function outcomeText({ outcome, status }) {
  const word = outcomes[outcome]?.word ?? outcome;
  return status === null ? word : `${word} ${status}`;
}

/** How long something took: "12 ms", "1.2 s". */
export function durationText(ms) {
  if (ms === null) return '';
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

/** How old something is: "5 s", "3 min", "2 h 5 min". */
export function ageText(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** A time of the day to the millisecond: "15:31:02.123". */
export function timeText(ms) {
  const date = new Date(ms);
  const two = (number) => String(number).padStart(2, '0');
  const clock = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':');
  return `${clock}.${String(date.getMilliseconds()).padStart(3, '0')}`;
}

/** A number of things: "1 hook", "2 hooks". */
export function countText(count, one, many = `${one}s`) {
  return `${count.toLocaleString('en')} ${count === 1 ? one : many}`;
}

/** A long id, cut to what tells it apart. */
export function shortId(id) {
  return id.length > 10 ? `${id.slice(0, 8)}…` : id;
}
