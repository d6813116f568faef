import assert from "node:assert/strict";
import fc from "fast-check";
import {
  guessFormat,
  ReplayDecoder,
  type ReplayDecoderOptions,
} from "./replay_decoder.ts";
import { ReplayFormatError } from "./replay_fields.ts";
import { ReplayLines } from "./replay_lines.ts";

/** The line of the protocol, its end too, and its time; `null` if it is none. */
function decodeLine(decoder: ReplayDecoder, text: string, seq: number) {
  const out = new ReplayLines();
  const bytes = new TextEncoder().encode(`#${text}#`);
  return decoder.decode(bytes, 1, bytes.length - 1, seq, out)
    ? { line: new TextDecoder().decode(out.bytes()), time: out.lastTime() }
    : null;
}

function isTick(decoder: ReplayDecoder, text: string): boolean {
  const bytes = new TextEncoder().encode(`#${text}#`);
  return decoder.isTick(bytes, 1, bytes.length - 1);
}

/** Lines of the protocol that a file's lines become. */
function decode(
  lines: readonly string[],
  options: Partial<ReplayDecoderOptions> = {},
): string[] {
  const decoder = new ReplayDecoder({
    format: "csv",
    timeUnit: "ms",
    ...options,
  });
  const out: string[] = [];
  for (const line of lines) {
    const tick = decodeLine(decoder, line, out.length + 1);
    if (tick) out.push(tick.line.trimEnd());
  }
  return out;
}

Deno.test("ReplayDecoder reads columns by their names, in any order", () => {
  assert.deepEqual(
    decode(["Qty,PRICE,extra,timestamp,Symbol", "3,12.50,x,1700000000123,A"]),
    ['{"symbol":"A","ts":1700000000123,"price":12.50,"volume":3,"seq":1}'],
  );
  assert.deepEqual(
    decode(["time;price", "2024-01-02T03:04:05.678Z;7"], { symbol: "B" }),
    ['{"symbol":"B","ts":"2024-01-02T03:04:05.678Z","price":7,"seq":1}'],
  );
});

Deno.test("ReplayDecoder keeps every digit", () => {
  const price = "105433.600000000000000001";
  const [csv] = decode(["ts,price", `1,${price}`], { symbol: "A" });
  assert.equal(csv, `{"symbol":"A","ts":1,"price":${price},"seq":1}`);
  const [json] = decode([`{"symbol":"A","ts":1,"price":${price}}`], {
    format: "ndjson",
  });
  assert.equal(json, csv);
});

Deno.test("ReplayDecoder numbers data lines, empty ones and headers not", () => {
  const lines = decode(["", "ts,price\r", "1,2\r", " ", "2,3"], {
    symbol: "A",
  });
  assert.deepEqual(lines.map((line) => JSON.parse(line).seq), [1, 2]);
});

Deno.test("ReplayDecoder sends bad lines on, with their number", () => {
  const lines = decode([
    "ts,price,volume",
    "1,oops,3",
    "2",
    "3,-1,",
    `4,"1,5",${"9".repeat(2_000)}`,
    `yesterday,${"1".repeat(5_000)}`,
  ], { symbol: "A" });
  assert.deepEqual(lines.slice(0, 3), [
    '{"symbol":"A","ts":1,"price":"oops","volume":3,"seq":1}',
    '{"symbol":"A","ts":2,"seq":2}',
    '{"symbol":"A","ts":3,"price":-1,"seq":3}',
  ]);
  for (const [i, line] of lines.entries()) {
    assert.equal(JSON.parse(line).seq, i + 1);
  }
});

Deno.test("ReplayDecoder gives its own numbers to recorded NDJSON", () => {
  const lines = decode([
    '{"type":"hello","feed":"x"}',
    '{"price":"1.50", "ts_ms":7, "seq":9, "qty":null, "symbol":"A"}',
    '{"type":"heartbeat"}',
    "not json",
    '{"symbol":"A","ts":8,"price":2,"meta":{"a":[1]}}',
    "[1,2]",
    '{"type":"end","total":3}',
  ], { format: "ndjson" });
  assert.deepEqual(lines, [
    '{"symbol":"A","ts":7,"price":1.50,"seq":1}',
    '{"line":"not json","seq":2}',
    '{"symbol":"A","ts":8,"price":2,"seq":3}',
    '{"line":"[1,2]","seq":4}',
  ]);
});

Deno.test("ReplayDecoder moves the point of other time units, exactly", () => {
  const cases = [
    ["s", "1700000000", "1700000000000"],
    ["s", "1700000000.5", "1700000000500"],
    ["s", "1700000000.123456", "1700000000123.456"],
    ["us", "1700000000123456", "1700000000123.456"],
    ["us", "1700000000123000", "1700000000123"],
    ["us", "5", "0.005"],
    ["ns", "1700000000123456789", "1700000000123.456"],
    ["ms", "1700000000123.5", "1700000000123.5"],
  ] as const;
  for (const [timeUnit, text, ms] of cases) {
    const [line] = decode(["ts,price", `${text},1`], { symbol: "A", timeUnit });
    assert.equal(line, `{"symbol":"A","ts":${ms},"price":1,"seq":1}`);
  }
});

Deno.test("ReplayDecoder refuses a file that it cannot make sense of", () => {
  const cases: readonly [readonly string[], string | undefined, RegExp][] = [
    [["a,b,c"], "A", /header "a,b,c" as it must name a time .* and a price/],
    [["ts,volume"], "A", /must name a time/],
    [["ts,price"], undefined, /give --symbol/],
    [["ts,price,symbol"], "A", /the file names the symbols itself/],
  ];
  for (const [lines, symbol, message] of cases) {
    assert.throws(
      () => decode(lines, { symbol }),
      (error) =>
        error instanceof ReplayFormatError && message.test(error.message),
    );
  }
  assert.throws(() => decode([], { symbol: "<b>" }), ReplayFormatError);
});

Deno.test("ReplayDecoder reads a line like those before it as it reads any", () => {
  // A line with a space before it is not like the others, and means the same.
  const symbol = fc.constantFrom(
    "A",
    "NSE:X-1",
    "",
    '"',
    "a b",
    "x".repeat(33),
  );
  const number = fc.oneof(
    fc.constantFrom("1", "-2.50", "0", "01", "1e5", "", "x", "null", '"7"'),
    fc.constantFrom("1700000000123", "1700000000.25", "9".repeat(20)),
    fc.double({ noNaN: true }).map(String),
  );
  const line = fc.record({
    symbol,
    ts: number,
    price: number,
    volume: number,
    other: fc.constantFrom("1", "x", "true", '"b"', '"\\n"', "{}", "0x1"),
    end: fc.constantFrom("", "\r", ",", " "),
  });
  const formats = {
    csv: {
      first: "other,ts,symbol,price,qty,volume",
      write: (of: Record<string, string>) =>
        `${of.other},${of.ts},${of.symbol},${of.price},${of.volume},7${of.end}`,
    },
    ndjson: {
      first: '{"Other":1,"ts":1,"symbol":"A","price":1,"qty":1,"volume":7}',
      write: (of: Record<string, string>) =>
        `{"Other":${of.other},"ts":${of.ts},"symbol":"${of.symbol}",` +
        `"price":${of.price},"qty":${of.volume},"volume":7}${of.end}`,
    },
  };
  fc.assert(fc.property(
    line,
    fc.constantFrom("csv" as const, "ndjson" as const),
    fc.constantFrom("s" as const, "ms" as const, "ns" as const),
    (fields, format, timeUnit) => {
      const { first, write } = formats[format];
      const text = write(fields);
      const decoder = new ReplayDecoder({ format, timeUnit });
      decodeLine(decoder, first, 1);
      assert.deepEqual(
        decodeLine(decoder, text, 12_345),
        decodeLine(decoder, ` ${text}`, 12_345),
      );
    },
  ));
});

Deno.test("ReplayDecoder makes one short JSON line of any text", () => {
  fc.assert(fc.property(
    fc.array(fc.string({ unit: "binary", maxLength: 3_000 })),
    fc.constantFrom("csv" as const, "ndjson" as const),
    (texts, format) => {
      const decoder = new ReplayDecoder({
        format,
        timeUnit: "ms",
        symbol: "A",
      });
      if (format === "csv") decodeLine(decoder, "ts,price,volume", 1);
      let seq = 1;
      for (const text of texts) {
        const expected = isTick(decoder, text);
        const tick = decodeLine(decoder, text, seq);
        assert.equal(tick !== null, expected);
        if (tick === null) continue;
        assert(new TextEncoder().encode(tick.line).length <= 1_025);
        assert.equal(tick.line.indexOf("\n"), tick.line.length - 1);
        assert.equal(JSON.parse(tick.line).seq, seq++);
      }
    },
  ));
});

Deno.test("guessFormat() goes by the first character", () => {
  assert.equal(guessFormat('\uFEFF {"symbol":"A"}'), "ndjson");
  assert.equal(guessFormat("ts_ms,price"), "csv");
});
