import { element } from './dom.js';
import { durationText, outcomeIcon, outcomeText, timeText } from './words.js';

/** All of a hook as elements: its facts, the attempts at it, its fields, its request and its answer. */
export function hookView(hook, attempts, open) {
  const view = [outcome(hook), facts(hook)];
  if (attempts.length > 1) view.push(title('Attempts'), attemptList(hook, attempts, open));
  const fields = fieldsOf(hook.request);
  if (fields.length > 0) view.push(title('Fields'), fieldList(fields));
  view.push(title('Request'), text('The request', requestText(hook.request)));
  view.push(title('Answer'));
  view.push(hook.answer === null ? noAnswer(hook) : text('The answer', answerText(hook.answer)));
  if (hook.cut)
    view.push(element('p', { class: 'quiet' }, 'A body is longer than 64 KiB. Only its beginning is kept.'));
  return view;
}

function title(name) {
  return element('h3', {}, name);
}

function outcome(hook) {
  const icon = element('span', { class: 'icon', 'aria-hidden': 'true' }, outcomeIcon(hook));
  const line = element('p', { class: 'outcome' }, icon, outcomeText(hook));
  line.dataset.outcome = hook.outcome;
  if (hook.why) line.append(': ', element('span', { class: 'why' }, hook.why));
  return line;
}

function facts(hook) {
  const rows = [
    ['Id', hook.id],
    ['Socket', hook.socket],
    ['User', hook.user],
    ['Group', hook.group],
    ['Attempt', hook.again ? 'sent again from this page' : String(hook.attempt)],
    ['Posted', timeText(hook.startedAt)],
    ['Took', durationText(hook.ms)],
    ['Size', `${hook.requestBytes} bytes, answer ${hook.answerBytes} bytes`],
  ];
  return fieldList(rows.filter(([, value]) => value !== null && value !== ''));
}

function fieldList(rows) {
  const list = element('dl', { class: 'facts' });
  for (const [name, value] of rows) list.append(element('dt', {}, name), element('dd', {}, value));
  return list;
}

function attemptList(hook, attempts, open) {
  const list = element('ol', { class: 'attempts' });
  for (const attempt of attempts) {
    const words = `attempt ${attempt.attempt}: ${outcomeText(attempt)} at ${timeText(attempt.startedAt)}`;
    const button = element('button', { type: 'button', class: 'link' }, words);
    if (attempt.number === hook.number) button.setAttribute('aria-current', 'true');
    button.addEventListener('click', () => open(attempt.number));
    list.append(element('li', {}, button));
  }
  return list;
}

function text(label, content) {
  return element('pre', { tabindex: '0', role: 'region', 'aria-label': label }, content);
}

function noAnswer(hook) {
  const words = hook.outcome === 'waiting' ? 'Your app has not answered yet.' : 'There was no answer.';
  return element('p', { class: 'quiet' }, words);
}

function requestText({ method, url, headers, body }) {
  return [`${method} ${url}`, ...headerLines(headers), '', body].join('\n');
}

function answerText({ status, headers, body }) {
  return [status, ...headerLines(headers), ...(body === '' ? [] : ['', body])].join('\n');
}

function headerLines(headers) {
  return headers.map(([name, value]) => `${name}: ${value}`);
}

/** The fields of a form or a JSON object, decoded, less those that are empty. */
function fieldsOf({ headers, body }) {
  const type = headers.find(([name]) => name.toLowerCase() === 'content-type')?.[1] ?? '';
  if (type.startsWith('application/x-www-form-urlencoded')) return filled([...new URLSearchParams(body)]);
  if (!/\bjson\b/.test(type)) return [];
  try {
    return filled(Object.entries(JSON.parse(body)).map(([name, value]) => [name, jsonText(value)]));
  } catch {
    return [];
  }
}

function jsonText(value) {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function filled(fields) {
  return fields.filter(([, value]) => value !== '' && value !== '[]');
}
