import { join } from "node:path";

/** Folder of the recorded market data, or `null` where there is none. */
export const marketDataDir = Deno.env.get("MARKET_DATA_DIR") || null;

/**
 * A test on recorded market data. Without `MARKET_DATA_DIR` it says that it
 * was ignored; in CI that is a failure.
 */
export function marketDataTest(
  name: string,
  run: (dir: string) => Promise<void>,
): void {
  if (marketDataDir === null && Deno.env.get("CI") === "true") {
    Deno.test(name, () => {
      throw new Error("MARKET_DATA_DIR must name the recorded data in CI");
    });
    return;
  }
  const why = marketDataDir ? "" : " (ignored: MARKET_DATA_DIR is not set)";
  Deno.test({
    name: name + why,
    ignore: marketDataDir === null,
    fn: () => run(marketDataDir!),
  });
}

/** Rows of a gzipped CSV with a header line, as text by column. */
export async function readCsv(
  ...path: readonly string[]
): Promise<readonly Readonly<Record<string, string>>[]> {
  const file = await Deno.open(join(...path));
  const text = await new Response(
    file.readable.pipeThrough(new DecompressionStream("gzip")),
  ).text();
  const [header, ...lines] = text.trim().split("\n");
  const columns = header.split(",");
  return lines.map((line) => {
    const values = line.split(",");
    return Object.fromEntries(columns.map((name, i) => [name, values[i]]));
  });
}
