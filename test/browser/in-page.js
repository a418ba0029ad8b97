/** What tests ask inside a page. It is a script of its own, since Node.js knows no types of the DOM. */
globalThis.inPage = {
  focused,
  focusIsVisible,
  faintTexts,
  colorOf,
  width: () => document.documentElement.scrollWidth,
};

/** What is focused, by its id or name, and its text. */
function focused() {
  const { activeElement: element } = document;
  if (element === null || element === document.body) return '';
  return `${element.id || element.getAttribute('name') || ''} ${element.textContent}`.trim();
}

/** Whether what has the focus is drawn with an outline. A hidden radio button has it on the label beside it. */
function focusIsVisible() {
  const element = document.activeElement;
  const drawn = element.matches('#kinds input') ? element.nextElementSibling : element;
  return getComputedStyle(drawn).outlineStyle !== 'none';
}

function colorOf(selector) {
  return getComputedStyle(document.querySelector(selector)).color;
}

/** The texts whose contrast is below 4.5 : 1, which WCAG 2.2 (criterion 1.4.3) asks for. */
function faintTexts() {
  const faint = [];
  for (const element of document.querySelectorAll('body *')) {
    const text = [...element.childNodes].find((node) => node.nodeType === 3 && node.textContent.trim());
    if (text === undefined || !element.checkVisibility()) continue;
    const ratio = contrast(getComputedStyle(element).color, groundOf(element));
    if (ratio < 4.5) faint.push(`${ratio.toFixed(2)}: ${text.textContent.slice(0, 40)}`);
  }
  return faint;
}

function contrast(...colors) {
  const [bright, dark] = colors.map(luminance).sort((one, other) => other - one);
  return (bright + 0.05) / (dark + 0.05);
}

/** WCAG 2.2, "relative luminance". */
function luminance(color) {
  const [red, green, blue] = parts(color).map((part) => {
    const share = part / 255;
    return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function groundOf(element) {
  for (let at = element; at !== null; at = at.parentElement) {
    const { backgroundColor } = getComputedStyle(at);
    if (parts(backgroundColor)[3] !== 0) return backgroundColor;
  }
  return 'rgb(255, 255, 255)';
}

function parts(color) {
  return color.match(/[\d.]+/g).map(Number);
}
