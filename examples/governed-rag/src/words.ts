const STOP_WORDS = new Set(
  "a about all am an and any are as at be been but by can could did do does for from give had has have how i if in into is it its me my no not of on or our please shall should so tell than that the their them then there these they this to us was we were what when where which who whom whose why will with would you your".split(
    " ",
  ),
);

/** The words of a text that carry meaning, in lower case, without the s of a plural. */
export function wordsOf(text: string): readonly string[] {
  return (text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [])
    .filter((word) => !STOP_WORDS.has(word))
    .map((word) => (word.length > 3 ? word.replace(/s$/, "") : word));
}
