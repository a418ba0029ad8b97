const unreachable = 'The gateway does not answer.';

/** Gets a text or a document of the inspector. Rejects with a sentence if there is none. */
export function get(path, type) {
  return call(path, { cache: 'no-store' }, type);
}

/** Posts JSON to the inspector. Resolves to the document of its answer, rejects with a sentence. */
export function post(path, content = {}) {
  const headers = { 'Content-Type': 'application/json' };
  return call(path, { method: 'POST', headers, body: JSON.stringify(content) }, 'json');
}

async function call(path, options, type) {
  const response = await fetch(`/inspector${path}`, options).catch(() => {
    throw new Error(unreachable);
  });
  const text = await response.text().catch(() => {
    throw new Error(unreachable);
  });
  if (!response.ok) throw new Error(refusalSentence(response.status, text));
  return type === 'json' ? JSON.parse(text) : text;
}

function refusalSentence(status, text) {
  try {
    return problemSentence(JSON.parse(text)) || `The gateway answered ${status}.`;
  } catch {
    return text.trim() || `The gateway answered ${status}.`;
  }
}

/** What a problem document (RFC 9457) says, as a sentence or two. */
export function problemSentence({ title = '', detail = '' } = {}) {
  const parts = detail.startsWith(title) ? [detail] : [title, detail];
  return parts
    .filter((part) => part !== '')
    .map((part) => (/[.!?]$/.test(part) ? part : `${part}.`))
    .join(' ');
}
