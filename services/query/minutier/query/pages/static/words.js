// The words of a segment, and what somebody has changed in them. Nothing here knows of a page.

/** Where each word begins and ends in a text, from the words' lengths. */
export function boundaries(lengths) {
  let end = 0;
  return lengths.map((length) => ({ from: end, to: (end += length) }));
}

/** The number of the word at `offset`, or -1. */
export function wordAt(words, offset) {
  const found = words.findIndex((word) => offset < word.to);
  return found < 0 ? words.length - 1 : found;
}

/** The number of the last word that has begun at `hundredths` of a second, or -1. */
export function spokenAt(starts, hundredths) {
  let [low, high] = [0, starts.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (starts[middle] <= hundredths) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/**
 * The words that have to be replaced so that `text` reads `written`: `{first, last, text}`, or null where none
 * have to be. What is replaced begins and ends at spaces, so that no part of a word is left over.
 */
export function change(text, lengths, written) {
  const groups = spaced(text, boundaries(lengths));
  if (!groups.length) return null;
  const wanted = written.split(/\s+/).filter(Boolean);
  const most = Math.min(groups.length, wanted.length);
  let [before, after] = [0, 0];
  while (before < most && groups[before].text === wanted[before]) before++;
  while (after < most - before && groups.at(-1 - after).text === wanted.at(-1 - after)) after++;
  if (before === groups.length && before === wanted.length) return null;
  if (before + after === groups.length) {
    // What is only added is added to a word that there is.
    if (before) before--;
    else after--;
  }
  const [first, last] = [groups[before], groups.at(-1 - after)];
  return { first: first.first, last: last.last, text: wanted.slice(before, wanted.length - after).join(" ") };
}

/** Words with no space between them, together: `{first, last, text}`. */
function spaced(text, words) {
  const groups = [];
  words.forEach(({ from, to }, number) => {
    const word = text.slice(from, to);
    if (!groups.length || /^\s/.test(word)) groups.push({ first: number, last: number, text: word.trim() });
    else Object.assign(groups.at(-1), { last: number, text: groups.at(-1).text + word.trim() });
  });
  return groups;
}
