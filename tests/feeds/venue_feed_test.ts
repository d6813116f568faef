/** A venue's own messages, recorded, come over a WebSocket into candles. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { getJson, startProgram, until } from "../harness/program.ts";
import { marketDataTest, readCsv } from "../harness/market_data.ts";

const FOLDER = "binance_spot_ethusdt_20240808_09";
const TICKS = 14_515;

/** Messages of the recording: each line has the receive time before it. */
async function recorded(dir: string): Promise<readonly string[]> {
  const messages: string[] = [];
  for (const day of ["20240808", "20240809"]) {
    const file = await Deno.open(
      join(dir, FOLDER, "original", `spot_ethusdt_${day}.gz`),
    );
    const text = await new Response(
      file.readable.pipeThrough(new DecompressionStream("gzip")),
    ).text();
    for (const line of text.trim().split("\n")) {
      messages.push(line.slice(line.indexOf(" ") + 1));
    }
  }
  return messages;
}

/** A venue that gives each connection the next of these recordings. */
function startVenue(recordings: readonly (readonly string[])[]) {
  const open = new Set<WebSocket>();
  const asked: string[] = [];
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request) => {
      const { socket, response } = Deno.upgradeWebSocket(request);
      const messages = recordings[asked.length] ?? [];
      asked.push(new URL(request.url).search);
      socket.onopen = () => {
        open.add(socket);
        for (const message of messages) socket.send(message);
      };
      socket.onclose = () => open.delete(socket);
      return response;
    },
  );
  return {
    port: server.addr.port,
    asked,
    hangUp: () => open.forEach((socket) => socket.close()),
    close: () => server.shutdown(),
  };
}

marketDataTest(
  "Binance's own messages give the candles of its trades, after a lost connection too",
  async (dir) => {
    const messages = await recorded(dir);
    const later = {
      stream: "ethusdt@trade",
      data: {
        e: "trade",
        s: "ETHUSDT",
        t: 1,
        p: "2700.5",
        q: "0.25",
        T: Date.parse("2024-08-09T00:10:00Z"),
      },
    };
    const venue = startVenue([messages, [JSON.stringify(later)]]);
    const dataDir = await Deno.makeTempDir({ prefix: "tickhouse-venue-" });
    const program = await startProgram({
      DATA_DIR: dataDir,
      HTTP_PORT: "0",
      FEEDS: `ws://127.0.0.1:${venue.port}/stream?streams=ethusdt@trade` +
        "#venue=binance",
      ROLES: "feed,aggregate,web",
    });
    try {
      const inCandles = (n: number) =>
        until(
          `${n} ticks in candles`,
          () => getJson(program, "/api/audit"),
          ({ partitions }) => partitions[0]?.in_candles === n,
          300_000,
        );
      await inCandles(TICKS);
      const wanted = (await readCsv(dir, FOLDER, "candles_from_ticks.csv.gz"))
        .map((row) =>
          ["ts_ms", "open", "high", "low", "close", "volume", "trades"]
            .map((column) => Number(row[column]))
        );
      const { candles } = await getJson(
        program,
        "/api/candles?symbol=ETHUSDT&from=0",
      );
      assert.deepEqual(
        candles.map(({ t, o, h, l, c, v, n }: Record<string, number>) => [
          t,
          o,
          h,
          l,
          c,
          v,
          n,
        ]),
        wanted,
      );
      assert.deepEqual(venue.asked, ["?streams=ethusdt@trade"]);

      venue.hangUp();
      const audit = await inCandles(TICKS + 1);
      assert.equal(audit.ticks_unaccounted, 0);
      assert.equal(audit.partitions[0].in_quarantine, 0);
      const { code, log } = await program.stop();
      assert.equal(code, 0, log);
    } finally {
      await program.kill().catch(() => {});
      venue.hangUp();
      await venue.close();
      await Deno.remove(dataDir, { recursive: true });
    }
  },
);
