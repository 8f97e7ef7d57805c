/**
 * Addresses, as a page that shows Markdown finds them: such a one goes on to the next blank or tag, whatever stands in it, and may stand behind a sign
 * of Markdown.
 */
const BARE: readonly RegExp[] = [/[a-z][a-z0-9+.-]*:\/\/[^\s<]+/giu, /(?<![\p{L}\p{N}])www\.[^\s<]+/giu];

/** Where links and images lead: behind their text, or by a definition, which ends a line and may stand in a list or a quotation. */
const TARGETS: readonly RegExp[] = [
  /\]\(\s*<?([^)\s>]*)/gu,
  /\]:[\s>]*<([^>\n]*)/gu,
  /\]:[\s>]*(\S+?)(?=\s*$|\s+(?:"[^"\n]*"?|'[^'\n]*'?|\([^)\n]*\)?)\s*$)/gmu,
];

/** With a blank behind it, the sign says that something is less. */
const TAG = /<[/!]?[a-z][^>]*>?/giu;
/** Tags that only say how a text looks. One with an attribute can do more. */
const PLAIN_TAG =
  /^<\/?(?:b|blockquote|br|code|del|em|h[1-6]|hr|i|ins|kbd|li|mark|ol|p|pre|s|small|strong|sub|sup|table|tbody|td|th|thead|tr|u|ul)\s*\/?>$/i;

/** A link whose text is an address itself: it ends with the text. */
const ADDRESS_AS_TEXT = /\[([^[\]\s]+)\]\(/g;

/**
 * What makes a page go somewhere, or fetch something, once the text is shown, and that none of these sources has, word for word: addresses, the
 * targets of links and images, and tags. An instruction in a document can make a model write what it was told into the address of an image, and whoever
 * shows the answer sends it there; an address that was written down before holds nothing of it.
 */
export function foreignAddresses(text: string, sources: readonly string[]): readonly string[] {
  const apart = text.replaceAll(ADDRESS_AS_TEXT, "[$1 ](");
  const bare = BARE.flatMap((pattern) => [...apart.matchAll(pattern)].map(([address]) => address));
  const targets = TARGETS.flatMap((pattern) => [...text.matchAll(pattern)].map(([, target = ""]) => target));
  // What ends a sentence, a quotation or a bracket is not a part of the address.
  const addresses = [...bare, ...targets].map((address) => address.replace(/[\p{P}\p{S}]+$/u, ""));
  const tags = [...text.matchAll(TAG)].map(([tag]) => tag).filter((tag) => !PLAIN_TAG.test(tag));
  return [...addresses, ...tags].filter((found) => !sources.some((source) => source.includes(found)));
}
