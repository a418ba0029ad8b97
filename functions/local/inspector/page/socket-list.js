import { byId, element, setText } from './dom.js';
import { KeyedList } from './keyed-list.js';
import { ageText, countText, shortId } from './words.js';

const mostRows = 500;

/** The sockets that are open: who they are and how old. One of them can be selected. */
export class SocketList {
  #model;
  #list;
  #filter = byId('sockets-filter');
  #selected;

  /** `select` is told the id of the socket that is selected, undefined if none is. */
  constructor(model, select) {
    this.#model = model;
    this.#list = new KeyedList(byId('sockets'), {
      keyOf: ({ socket }) => socket,
      make: () =>
        element('div', { role: 'option', class: 'socket', tabindex: '-1', 'aria-selected': 'false' }),
      fill,
      pick: ({ socket }) => select(socket === this.#selected ? undefined : socket),
    });
    this.#filter.addEventListener('input', () => this.show());
  }

  /** Marks a socket as the selected one. */
  select(socket) {
    this.#selected = socket;
    this.#markSelected();
  }

  /** Shows what the model knows. */
  show() {
    const rows = this.#model.sockets(this.#filter.value, mostRows);
    this.#list.show(rows);
    this.#markSelected();
    this.tick();
    setText(byId('sockets-count'), this.#model.socketCount.toLocaleString('en'));
    setText(byId('sockets-empty'), this.#remark(rows));
  }

  /** Lets the ages of the sockets go on. */
  tick() {
    const now = Date.now();
    this.#list.each((row, socket) => {
      if (socket.endedAt === undefined) setText(row.querySelector('.age'), ageText(now - socket.since));
    });
  }

  #remark({ length }) {
    const { socketCount } = this.#model;
    if (this.#filter.value.trim() !== '') {
      const more = this.#model.moreSockets;
      if (more > 0) return `The filter does not see ${countText(more, 'more socket')}.`;
      return length === 0 ? 'No socket matches.' : '';
    }
    if (length === 0 && socketCount === 0) return 'No socket is open.';
    return socketCount > length ? `${countText(socketCount - length, 'more socket')} not shown.` : '';
  }

  #markSelected() {
    this.#list.each((row, { socket }) =>
      row.setAttribute('aria-selected', String(socket === this.#selected)),
    );
  }
}

function fill(row, socket) {
  row.dataset.status = socket.status;
  row.title = socket.socket;
  const first = element('span', { class: 'line' }, element('span', { class: 'path' }, socket.path));
  first.append(element('span', { class: 'age' }, endingText(socket)));
  const second = element('span', { class: 'line quiet' });
  second.append(
    element('span', { class: 'user' }, socket.user === '' ? shortId(socket.socket) : socket.user),
  );
  for (const group of socket.groups) second.append(element('span', { class: 'tag' }, group));
  if (socket.status !== 'open') second.append(element('span', { class: 'tag state' }, socket.status));
  row.replaceChildren(first, second);
}

function endingText({ endedAt, code, reason }) {
  return endedAt === undefined ? '' : [code, reason].filter((part) => part !== '').join(' ');
}
