/** A percent sign that begins no escape, and stands for itself in a form. */
const loose = /%(?![0-9A-Fa-f]{2})/g;

/** Whether the escapes of a form stand for text of UTF-8. `URLSearchParams` makes of others what was never sent. */
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
