/** What makes a page go somewhere, or fetch something, once the text is shown: addresses, the targets of links and images, and tags. */
const ADDRESSES: readonly RegExp[] = [
  /\b[a-z][a-z0-9+.-]*:\/\/[^\s<>"')\]]+/giu,
  /\bwww\.[^\s<>"')\]]+/giu,
  // Inline, and as a reference that is defined on a line of its own.
  /\]\(\s*<?([^)\s>]*)/gu,
  /^\s*\[[^\]]+\]:\s*(\S+)/gmu,
  /<\s*[/!]?[a-z][^>]*>?/giu,
];

/**
 * The addresses of a text that none of these sources has, word for word. An instruction in a document can make a model write what it was told into the
 * address of an image, and whoever shows the answer sends it there; an address that was written down before holds nothing of it.
 */
export function foreignAddresses(text: string, sources: readonly string[]): readonly string[] {
  const found = ADDRESSES.flatMap((pattern) => [...text.matchAll(pattern)].map(([whole, target]) => target ?? whole));
  const bare = found.map((address) => address.replace(/[.,;:!?]+$/u, ""));
  return bare.filter((address) => !sources.some((source) => source.includes(address)));
}
