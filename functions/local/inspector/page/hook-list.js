import { byId, element, setText } from './dom.js';
import { KeyedList } from './keyed-list.js';
import { durationText, outcomeIcon, outcomeText, shortId, timeText } from './words.js';

const mostRows = 500;

/** The hooks, newest first, as they come. They can be filtered, and the list can be paused. */
export class HookList {
  #model;
  #list;
  #opened;
  #paused = false;
  #filter = { event: '', text: '', failures: false, socket: undefined };
  #shown = 0;

  /** `open` is told the hook that the visitor opens; `unselect` that hooks of all sockets are wanted again. */
  constructor(model, { open, unselect }) {
    this.#model = model;
    this.#list = new KeyedList(byId('hooks'), { keyOf: ({ number }) => number, make, fill, pick: open });
    this.#listen('hooks-event', 'change', ({ value }) => ({ event: value }));
    this.#listen('hooks-text', 'input', ({ value }) => ({ text: value }));
    this.#listen('hooks-failures', 'change', ({ checked }) => ({ failures: checked }));
    byId('hooks-socket').addEventListener('click', () => {
      unselect();
      byId('hooks-text').focus();
    });
    byId('pause').addEventListener('click', () => this.#pause(!this.#paused));
  }

  /** Shows the hooks of one socket only; those of all if it is undefined. */
  select(socket) {
    const chip = byId('hooks-socket');
    chip.hidden = socket === undefined;
    const path = this.#model.socket(socket)?.path ?? '';
    chip.replaceChildren(socket === undefined ? '' : `Only ${shortId(socket)} ${path} ✕`);
    chip.setAttribute('aria-label', `Show the hooks of all sockets again, not only of ${socket} ${path}`);
    this.#narrow({ socket });
  }

  /** Marks the hook that is open. */
  mark(number) {
    this.#opened = number;
    this.#markOpened();
  }

  /** Puts the focus on the row of a hook. False if it is not shown. */
  focus(number) {
    return this.#list.focus(number);
  }

  /** Shows what the model knows, unless the list is paused. */
  show() {
    if (this.#paused) this.#countMissed();
    else this.#render();
  }

  #listen(id, name, read) {
    byId(id).addEventListener(name, ({ currentTarget }) => this.#narrow(read(currentTarget)));
  }

  #narrow(change) {
    this.#filter = { ...this.#filter, ...change };
    this.#render();
  }

  #render() {
    const hooks = this.#model.hooks(this.#filter, mostRows);
    this.#list.show(hooks);
    this.#markOpened();
    if (!this.#paused) this.#shown = hooks[0]?.number ?? 0;
    const { event, text, failures, socket } = this.#filter;
    const narrowed = event !== '' || text.trim() !== '' || failures || socket !== undefined;
    const empty = narrowed
      ? 'No hook matches.'
      : 'No hooks yet. They show up here as the gateway posts them to your app.';
    setText(byId('hooks-empty'), hooks.length === 0 ? empty : '');
    setText(byId('hooks-count'), hooks.length.toLocaleString('en'));
    const { skipped } = this.#model;
    byId('skipped').hidden = skipped === 0;
    const left = `${skipped.toLocaleString('en')} are left out here, but were posted to your app all the same.`;
    setText(byId('skipped'), `Hooks came too fast to show them all: ${left}`);
  }

  #pause(paused) {
    this.#paused = paused;
    const button = byId('pause');
    button.setAttribute('aria-pressed', String(paused));
    if (!paused) this.#render();
    this.#countMissed();
  }

  /** Says on the button how many hooks came since the pause. */
  #countMissed() {
    const missed = this.#paused ? this.#model.hooks(this.#filter, mostRows + 1) : [];
    const count = missed.filter(({ number }) => number > this.#shown).length;
    const more = count > mostRows ? `more than ${mostRows} new` : `${count} new`;
    setText(byId('pause'), this.#paused ? `Resume (${more})` : 'Pause');
  }

  #markOpened() {
    this.#list.each((row, { number }) => row.setAttribute('aria-selected', String(number === this.#opened)));
  }
}

function make() {
  return element('tr', { role: 'row', class: 'hook', tabindex: '-1', 'aria-selected': 'false' });
}

function fill(row, hook) {
  row.dataset.outcome = hook.outcome;
  const icon = element('span', { class: 'icon', 'aria-hidden': 'true' }, outcomeIcon(hook));
  const event = cell('event', hook.event);
  if (hook.attempt > 1) event.append(element('span', { class: 'tag' }, `attempt ${hook.attempt}`));
  if (hook.again) event.append(element('span', { class: 'tag' }, 'sent again'));
  row.replaceChildren(
    cell('outcome', icon, outcomeText(hook)),
    event,
    where(hook),
    cell('took', durationText(hook.ms)),
    cell('time', timeText(hook.startedAt)),
  );
}

function where({ path, user, group, why }) {
  const made = cell('where', element('span', { class: 'path' }, path));
  if (user) made.append(' ', element('span', { class: 'user' }, user));
  if (group) made.append(' ', element('span', { class: 'tag' }, group));
  if (why) made.append(' ', element('span', { class: 'why' }, why));
  return made;
}

function cell(name, ...children) {
  return element('td', { role: 'gridcell', class: name }, ...children);
}
