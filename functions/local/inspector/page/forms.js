import { post, problemSentence } from './calls.js';
import { byId, setText } from './dom.js';
import { countText } from './words.js';

/** The forms that send, broadcast and close. */
export class Forms {
  #result = byId('calls-result');

  constructor() {
    for (const form of document.querySelectorAll('#calls form')) {
      form.addEventListener('submit', (event) => {
        event.preventDefault();
        void this.#submit(form);
      });
      form.addEventListener('keydown', (event) => {
        if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) form.requestSubmit();
      });
    }
    byId('kinds').addEventListener('change', ({ target }) => {
      for (const form of document.querySelectorAll('#calls form')) form.hidden = form.id !== target.value;
      this.#say('');
    });
  }

  /** Fills in the socket that is selected. */
  select(socket = '') {
    for (const id of ['send-socket', 'close-socket']) byId(id).value = socket;
  }

  async #submit(form) {
    const button = form.querySelector('button');
    if (button.getAttribute('aria-disabled') === 'true') return;
    const missing = missingSocket(form);
    if (missing !== undefined) {
      this.#say('Select a socket in the list, or write the id of one.', true);
      missing.focus();
      return;
    }
    button.setAttribute('aria-disabled', 'true');
    this.#say('…');
    const { call } = form.dataset;
    const { text, bad } = await post(`/${call}`, contentOf(form)).then(
      ({ status, document }) => sentence(call, status, document ?? {}),
      ({ message }) => ({ text: message, bad: true }),
    );
    button.setAttribute('aria-disabled', 'false');
    this.#say(text, bad);
    if (bad || form.id === 'close') return;
    form.elements.body.value = '';
  }

  #say(text, bad = false) {
    this.#result.dataset.bad = String(bad);
    setText(this.#result, text);
  }
}

function missingSocket({ elements: { socket } }) {
  return socket !== undefined && socket.value.trim() === '' ? socket : undefined;
}

/** What a form says, less the fields that are empty. The message itself may be empty. */
function contentOf(form) {
  const content = {};
  for (const [name, value] of new FormData(form)) {
    if (name === 'body' || name === 'reason') {
      if (name === 'body' || value !== '') content[name] = value;
    } else if (value.trim() !== '') content[name] = name === 'code' ? codeOf(value) : value.trim();
  }
  return content;
}

/** The gateway says what is wrong with a code that is no number. */
function codeOf(value) {
  const code = Number(value);
  return Number.isNaN(code) ? value : code;
}

function sentence(call, status, document) {
  if (status >= 300)
    return { text: problemSentence(document) || `The gateway answered ${status}.`, bad: true };
  if (call === 'close') return { text: 'Closed.', bad: false };
  if (status === 202) return { text: 'It goes on in the background.', bad: false };
  return call === 'send' ? sentSentence(document) : { text: countsSentence(document), bad: false };
}

function sentSentence({ delivered, queued, failed }) {
  if (delivered > 0) return { text: 'Delivered.', bad: false };
  if (queued > 0) return { text: 'Queued: the socket gets it once it is open.', bad: false };
  const code = failed[0]?.code;
  return { text: code === undefined ? 'That socket is gone.' : `It failed: ${code}.`, bad: true };
}

function countsSentence({ delivered, queued, gone, failed }) {
  const rest = [
    [queued, 'queued'],
    [gone, 'gone'],
    [failed, 'failed'],
  ].filter(([count]) => count > 0);
  const parts = rest.map(([count, word]) => `, ${count} ${word}`).join('');
  return `Delivered to ${countText(delivered, 'socket')}${parts}.`;
}
