import { arrange } from './dom.js';

/** How many rows the keys Page Up and Page Down go. */
const pageRows = 10;

/**
 * A list of rows, one for each item, that the arrow keys walk through. It is one stop for the Tab key. A click, Enter
 * or the space bar picks an item.
 */
export class KeyedList {
  #root;
  #keyOf;
  #make;
  #fill;
  #rows = new Map();
  #itemOf = new WeakMap();

  /** `make` makes an empty row, and `fill` puts an item into it. */
  constructor(root, { keyOf, make, fill, pick }) {
    this.#root = root;
    this.#keyOf = keyOf;
    this.#make = make;
    this.#fill = fill;
    root.addEventListener('click', ({ target }) => {
      const row = this.#rowAt(target);
      if (row === undefined) return;
      this.#walkTo(row);
      pick(this.#itemOf.get(row));
    });
    root.addEventListener('focusin', ({ target }) => this.#mark(this.#rowAt(target)));
    root.addEventListener('keydown', (event) => this.#press(event, pick));
  }

  /** Shows these items. Only rows whose item is another object than before are filled again. */
  show(items) {
    const rows = new Map();
    for (const item of items) {
      const key = this.#keyOf(item);
      const row = this.#rows.get(key) ?? this.#make();
      if (this.#itemOf.get(row) !== item) {
        this.#itemOf.set(row, item);
        this.#fill(row, item);
      }
      rows.set(key, row);
    }
    this.#rows = rows;
    this.#replace([...rows.values()]);
  }

  /** Calls back for each row with its item. */
  each(callback) {
    for (const row of this.#rows.values()) callback(row, this.#itemOf.get(row));
  }

  /** Puts the focus on the row of an item. False if the item is not shown. */
  focus(key) {
    const row = this.#rows.get(key);
    if (row !== undefined) this.#walkTo(row);
    return row !== undefined;
  }

  /** If the focused row goes, the focus stays in its place in the list. */
  #replace(rows) {
    const focused = this.#rowAt(document.activeElement);
    const place = focused === undefined ? -1 : [...this.#root.children].indexOf(focused);
    arrange(this.#root, rows);
    if (focused === undefined) this.#mark(rows[0]);
    else if (!focused.isConnected && rows.length > 0) this.#walkTo(rows[Math.min(place, rows.length - 1)]);
  }

  #press(event, pick) {
    const row = this.#rowAt(event.target);
    if (row === undefined || event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key === 'Enter' || event.key === ' ') pick(this.#itemOf.get(row));
    else {
      const rows = [...this.#root.children];
      const place = nextPlace(event.key, rows.indexOf(row));
      if (place === undefined) return;
      this.#walkTo(rows[Math.max(0, Math.min(rows.length - 1, place))]);
    }
    event.preventDefault();
  }

  #rowAt(target) {
    if (target === this.#root || !this.#root.contains(target)) return undefined;
    let row = target;
    while (row.parentElement !== this.#root) row = row.parentElement;
    return row;
  }

  #walkTo(row) {
    this.#mark(row);
    row.focus();
  }

  /** Makes one row the stop for the Tab key. */
  #mark(row) {
    if (row === undefined || row.tabIndex === 0) return;
    for (const other of this.#root.querySelectorAll(':scope > [tabindex="0"]')) other.tabIndex = -1;
    row.tabIndex = 0;
  }
}

function nextPlace(key, place) {
  switch (key) {
    case 'ArrowDown':
      return place + 1;
    case 'ArrowUp':
      return place - 1;
    case 'PageDown':
      return place + pageRows;
    case 'PageUp':
      return place - pageRows;
    case 'Home':
      return 0;
    case 'End':
      return Number.POSITIVE_INFINITY;
  }
}
