/** A line of the file of ticks, as `prepareTicks` writes it. */
interface Line {
  readonly symbol: string;
  /** Unix milliseconds. */
  readonly ts: number;
  readonly price: number;
  readonly volume: number;
}

/** What a library calls a trade, by symbol, in the order of the file. */
export async function tradesBySymbol<T>(
  file: string,
  tradeOf: (line: Line) => T,
): Promise<ReadonlyMap<string, T[]>> {
  const trades = new Map<string, T[]>();
  for (const text of (await Deno.readTextFile(file)).split("\n")) {
    if (text === "") continue;
    const line: Line = JSON.parse(text);
    const of = trades.get(line.symbol);
    if (of) of.push(tradeOf(line));
    else trades.set(line.symbol, [tradeOf(line)]);
  }
  return trades;
}
