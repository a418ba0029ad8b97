import { get, post } from './calls.js';
import { copyText } from './copy-text.js';
import { byId, element, setText } from './dom.js';
import { hookView } from './hook-view.js';
import { durationText } from './words.js';

/** The panel with all of one hook: its request, its answer, and what can be done with it. */
export class Details {
  #model;
  #panel = byId('details');
  #moved;
  #number;
  /** The summary of the hook as it is shown. */
  #hook;
  #attempts = 0;
  /** How often the text of a hook was asked for. */
  #loads = 0;

  /** `moved` is told the number of the hook that is open, and when it closes, undefined and which hook that was. */
  constructor(model, moved) {
    this.#model = model;
    this.#moved = moved;
    byId('details-close').addEventListener('click', () => this.close());
    byId('copy').addEventListener('click', () => this.#run(byId('copy'), (number) => this.#copy(number)));
    byId('again').addEventListener('click', () => this.#run(byId('again'), (number) => this.#again(number)));
  }

  /** The number of the hook that is open. */
  get number() {
    return this.#number;
  }

  /** Opens a hook, and brings the focus to it. */
  open(number) {
    this.#number = number;
    this.#hook = undefined;
    this.#say('');
    byId('details-body').replaceChildren();
    setText(byId('details-title'), `Hook ${number}`);
    this.#panel.hidden = false;
    byId('main').classList.add('with-details');
    this.#moved(number);
    this.#panel.scrollTop = 0;
    this.#panel.focus();
    this.show();
  }

  /** Closes the panel. */
  close() {
    if (this.#number === undefined) return;
    const before = this.#number;
    this.#number = undefined;
    this.#panel.hidden = true;
    byId('main').classList.remove('with-details');
    this.#moved(undefined, before);
  }

  /** Loads the open hook again if it has changed, or if there is a new attempt at it. */
  show() {
    const hook = this.#model.hook(this.#number);
    if (this.#number === undefined) return;
    const attempts = hook === undefined ? 0 : this.#model.attempts(hook.id).length;
    if (hook === this.#hook && hook !== undefined && attempts === this.#attempts) return;
    const first = this.#hook === undefined;
    if (hook === undefined && !first) return;
    this.#hook = hook;
    this.#attempts = attempts;
    void this.#load(this.#number);
  }

  async #load(number) {
    const body = byId('details-body');
    this.#loads += 1;
    const load = this.#loads;
    const hook = await get(`/hooks/${number}`, 'json').catch(({ message }) => message);
    // An answer that comes later may be an older one.
    if (load !== this.#loads || number !== this.#number) return;
    if (typeof hook === 'string') {
      if (body.childElementCount === 0) body.replaceChildren(element('p', {}, hook));
      return;
    }
    setText(byId('details-title'), `${hook.event} ${hook.path}`);
    body.replaceChildren(...hookView(hook, this.#model.attempts(hook.id), (other) => this.open(other)));
  }

  /** Runs what a button does, once at a time, and says how it ended unless another hook is open by then. */
  async #run(button, action) {
    if (button.getAttribute('aria-disabled') === 'true') return;
    button.setAttribute('aria-disabled', 'true');
    const number = this.#number;
    this.#say('…');
    const {
      text,
      children = [],
      bad = false,
    } = await action(number).catch(({ message }) => ({ text: message, bad: true }));
    button.setAttribute('aria-disabled', 'false');
    if (number === this.#number) this.#say(text, children, bad);
  }

  async #copy(number) {
    const command = get(`/hooks/${number}/curl`, 'text');
    if (await copyText(command))
      return { text: 'Copied. The command works for a few minutes, as its signature does.' };
    const area = element('textarea', { readonly: '', rows: '6', 'aria-label': 'The command' });
    area.value = await command;
    return {
      text: 'This browser lets no page copy here. Select the command and copy it yourself.',
      children: [area],
    };
  }

  async #again(number) {
    const { number: made, status, ms, body, why } = await post(`/hooks/${number}/again`);
    const answered =
      status === null ? `No answer: ${why}.` : `Your app answered ${status} in ${durationText(ms)}.`;
    // Of an answer that is no more than a status, the reason says nothing else.
    const reason =
      status !== null && why && why !== `the app answered ${status}` ? ` The reason: ${why}.` : '';
    const open = element('button', { type: 'button', class: 'link' }, `Open hook ${made}`);
    open.addEventListener('click', () => this.open(made));
    const children = body
      ? [element('pre', { tabindex: '0', 'aria-label': 'The answer' }, body), open]
      : [open];
    return {
      text: `${answered}${reason} None of its actions run.`,
      children,
      bad: status === null || status >= 300,
    };
  }

  #say(text, children = [], bad = false) {
    const result = byId('details-result');
    result.dataset.bad = String(bad);
    setText(result, text);
    byId('details-answer').replaceChildren(...children);
  }
}
