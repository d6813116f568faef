/** An instrument that can be chosen. */
export interface InstrumentChoice {
  readonly symbol: string;
  readonly name: string;
}

/**
 * Instruments that a text may mean, the likeliest first: by the beginning of
 * the symbol, of a word of the name, then by any part of either.
 */
export function matchInstruments(
  choices: readonly InstrumentChoice[],
  text: string,
  limit: number,
): readonly InstrumentChoice[] {
  const wanted = text.trim().toLowerCase();
  return choices
    .map((choice) => ({ choice, rank: rankOf(choice, wanted) }))
    .filter(({ rank }) => rank < NO_MATCH)
    .sort((a, b) => a.rank - b.rank)
    .slice(0, limit)
    .map(({ choice }) => choice);
}

const NO_MATCH = 4;

function rankOf({ symbol, name }: InstrumentChoice, wanted: string): number {
  const [code, title] = [symbol.toLowerCase(), name.toLowerCase()];
  if (code === wanted) return 0;
  if (code.startsWith(wanted)) return 1;
  if (title.split(/[\s(]+/).some((word) => word.startsWith(wanted))) return 2;
  return `${code} ${title}`.includes(wanted) ? 3 : NO_MATCH;
}
