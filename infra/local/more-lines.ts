/** Says how to get the next page, if there is one. */
export function moreLines({ cursor }: { readonly cursor?: string }): string[] {
  return cursor === undefined ? [] : [`There may be more: --cursor ${cursor}`];
}
