/**
 * Copies a text that is still to come. Resolves to false if this browser does not let the page. Rejects if the text does
 * not come.
 */
export async function copyText(coming) {
  const text = await coming;
  // Only over HTTPS and on this machine has a page a clipboard.
  return (
    (await navigator.clipboard?.writeText(text).then(
      () => true,
      () => false,
    )) ?? false
  );
}
