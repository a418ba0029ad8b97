/** A percent sign that begins no escape; in a form it stands for itself. */
const loose = /%(?![0-9A-Fa-f]{2})/g;

/** Whether the escapes of a form decode to UTF-8. `URLSearchParams` turns others into text that was never sent. */
export function isTextWhenUnescaped(form: string): boolean {
  if (!form.includes('%')) return true;
  return isDecodable(form) || isDecodable(form.replace(loose, '%25'));
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}
