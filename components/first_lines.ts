/** A line to paste into a terminal, and what it does. */
export interface PasteLine {
  readonly title: string;
  readonly line: string;
}

/** Where a feed can be sent to, as `host:port`. */
export function listenerOf(feeds: readonly string[]): string | null {
  for (const feed of feeds) {
    const [, host, port] = /^listen:\/\/(.+):(\d+)/.exec(feed) ?? [];
    // Every address of this machine: a terminal on it needs one.
    if (host !== undefined) {
      return `${
        /^(0\.0\.0\.0|\[::\])$/.test(host) ? "127.0.0.1" : host
      }:${port}`;
    }
  }
  return null;
}

/**
 * One tick of a symbol by `nc`, of now.
 *
 * @param token The listener asks for a secret, which only a hello can carry.
 */
export function tickLine(
  listener: string,
  symbol: string,
  token: boolean,
): PasteLine {
  const [, host, port] = /^(.+):(\d+)$/.exec(listener)!;
  const to = `nc -q1 ${host.replace(/^\[|\]$/g, "")} ${port}`;
  const tick = `"symbol":"${symbol}","ts":%s000,"price":100.25,"volume":1`;
  return token
    ? {
      title: "Send one tick, with the secret in FEED_TOKEN:",
      line: `printf '{"type":"hello","feed":"try-%s","token":"%s"}\\n` +
        `{${tick},"seq":1}\\n' "$(date +%s)" "$FEED_TOKEN" "$(date +%s)" | ${to}`,
    }
    : {
      title: "Send one tick from a terminal:",
      line: `printf '{${tick}}\\n' "$(date +%s)" | ${to}`,
    };
}

/** Recorded ticks, each once. */
export function replayLine(listener: string, symbol: string): PasteLine {
  return {
    title: "Play recorded ticks, CSV or JSON lines, each once:",
    line: `deno task replay ticks.csv.gz --symbol ${symbol} --to ${listener}`,
  };
}

/** Candles of history, of which no tick is known. */
export function importLine(symbol: string): PasteLine {
  return {
    title: "Import candles of history, while the program is stopped:",
    line: `deno task import candles.csv --symbol ${symbol}`,
  };
}

/** What a market that is closed can be given, in a warehouse of real ticks. */
export function closedLines(
  feeds: readonly string[],
  symbol: string,
): readonly PasteLine[] {
  const listener = listenerOf(feeds);
  return [
    ...(listener === null ? [] : [replayLine(listener, symbol)]),
    importLine(symbol),
  ];
}

/** The simulator, in a warehouse and on ports of its own. */
export const SIMULATE_LINE: PasteLine = {
  title: "Look around with made-up prices, in a warehouse of their own, on " +
    "http://127.0.0.1:8001:",
  line: "DATA_DIR=./simulated SIMULATE=on HTTP_PORT=8001 " +
    "FEEDS=listen://127.0.0.1:9111 deno task start",
};

/** Ticks as fast as one likes, for a program that may hold simulated ones. */
export function loadLine(listener: string): PasteLine {
  return {
    title: "Send made-up ticks; a warehouse that has taken some takes no " +
      "real ones any more:",
    line: `deno task simulate --to ${listener} --duration 10m`,
  };
}

/** Sources that listen are dialled. */
export const DIAL_LINE: PasteLine = {
  title: "Dial a source that listens, here one on port 7000:",
  line: "FEEDS=tcp://127.0.0.1:7000 deno task start",
};

/** A source that we can dial, for trying. */
export const LISTEN_LINE: PasteLine = {
  title: "Let feeds connect instead:",
  line: "FEEDS=listen://127.0.0.1:9101 deno task start",
};
