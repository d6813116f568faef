import assert from "node:assert/strict";
import fc from "fast-check";
import { REJECT_REASONS } from "../domain/tick.ts";
import { csvDecoder, plainCsvDecoder } from "./decode_csv.ts";
import { ndjsonDecoder, plainNdjsonDecoder } from "./decode_ndjson.ts";
import { DecodedBatch, ROW_TICK } from "./decoded_batch.ts";
import type { LineDecoder } from "./line_decoder.ts";
import { LineFramer } from "./line_framer.ts";

type Decoded = Readonly<Record<string, unknown>>;

/** Every line that a decoder makes of some bytes, as objects. */
function decodeBytes(
  decoder: LineDecoder,
  bytes: Uint8Array,
  chunk = 65_536,
): Decoded[] {
  const framer = new LineFramer();
  const batch = new DecodedBatch(framer.bytes, 7);
  const found: Decoded[] = [];
  const drain = () => {
    for (;;) {
      batch.clear();
      const control = decoder.decode(framer, batch);
      for (let i = 0; i < batch.length; i++) found.push(rowOf(batch, i));
      if (control) found.push({ kind: "control", ...control });
      else if (batch.length === 0) return;
    }
  };
  const rowOf = (batch: DecodedBatch, i: number): Decoded =>
    batch.kind[i] === ROW_TICK
      ? {
        kind: "tick",
        symbol: decoder.symbols.names[batch.symbol[i]],
        ts: batch.ts[i],
        price: [batch.price[i], batch.priceScale[i]],
        size: [batch.size[i], batch.sizeScale[i]],
        seq: Number.isNaN(batch.seq[i]) ? null : batch.seq[i],
        line: batch.line[i],
        bytes: batch.bytesOf(i),
      }
      : { kind: "reject", ...batch.rejectAt(i, batch.rejectedLine(i)) };
  for (let at = 0; at < bytes.length; at += chunk) {
    const part = bytes.subarray(at, at + chunk);
    framer.space().set(part);
    framer.filled(part.length);
    drain();
  }
  // A connection asks for space before it learns that nothing more comes.
  framer.space();
  framer.finish();
  drain();
  return found;
}

const encoder = new TextEncoder();

function ndjson(text: string): Decoded[] {
  const fast = decodeBytes(ndjsonDecoder(), encoder.encode(text));
  const plain = decodeBytes(plainNdjsonDecoder(), encoder.encode(text));
  assert.deepEqual(fast, plain);
  return fast;
}

function csv(text: string): Decoded[] {
  const fast = decodeBytes(csvDecoder(), encoder.encode(text));
  const plain = decodeBytes(plainCsvDecoder(), encoder.encode(text));
  assert.deepEqual(fast, plain);
  return fast;
}

function verdicts(decoded: readonly Decoded[]) {
  return decoded.map((row) => row.kind === "reject" ? row.reason : row.kind);
}

Deno.test("the NDJSON decoder reads the tick of the conventions", () => {
  const line =
    '{"symbol":"NIFTY50","ts":1764042300123,"price":24321.55,"volume":75,"seq":48211}';
  assert.deepEqual(ndjson(`${line}\n`), [{
    kind: "tick",
    symbol: "NIFTY50",
    ts: 1_764_042_300_123_000,
    price: [2_432_155, 2],
    size: [75, 0],
    seq: 48_211,
    line: 1,
    bytes: line.length + 1,
  }]);
});

Deno.test("the NDJSON decoder keeps every digit of numbers and strings", () => {
  const cases: readonly (readonly [string, readonly [number, number]])[] = [
    ["24321.50", [243_215, 1]],
    ["0.00000001", [1, 8]],
    ["1e5", [100_000, 0]],
    ["1E-7", [1, 7]],
    ["12.5e1", [125, 0]],
    ["90071992547.40991", [9_007_199_254_740_991, 5]],
    ["9007199254740991", [9_007_199_254_740_991, 0]],
    ["123456789012345.0", [123_456_789_012_345, 0]],
    ["999999.99999999", [99_999_999_999_999, 8]],
  ];
  for (const [text, price] of cases) {
    for (const value of [text, `"${text}"`]) {
      const [row] = ndjson(`{"symbol":"A","ts":1,"price":${value}}`);
      assert.deepEqual(row.price, price, value);
    }
  }
});

Deno.test("the NDJSON decoder reads times to the microsecond", () => {
  const cases: readonly (readonly [string, number])[] = [
    ["1764042300123", 1_764_042_300_123_000],
    ["1764042300123.4", 1_764_042_300_123_400],
    ["1764042300123.456", 1_764_042_300_123_456],
    ["1764042300123.4565", 1_764_042_300_123_457],
    ["1.764042300123e12", 1_764_042_300_123_000],
    ['"1764042300123.456"', 1_764_042_300_123_456],
    ['"2025-11-25T03:45:00.123456Z"', 1_764_042_300_123_456],
    ['"2025-11-25T09:15:00.123456+05:30"', 1_764_042_300_123_456],
    ["0", 0],
    ["-1.5", -1_500],
  ];
  for (const [ts, micros] of cases) {
    const [row] = ndjson(`{"symbol":"A","ts":${ts},"price":1}`);
    assert.equal(row.ts, micros, ts);
  }
});

Deno.test("the NDJSON decoder takes volume and seq as optional", () => {
  for (
    const rest of [
      "",
      ',"volume":0',
      ',"volume":null',
      ',"volume":"0.00"',
      ',"seq":null',
      ',"bid":[1,{"x":2}]',
      ',"type":"tick"',
    ]
  ) {
    const [row] = ndjson(`{"symbol":"A","ts":1,"price":1${rest}}`);
    assert.deepEqual([row.kind, row.size, row.seq], ["tick", [0, 0], null]);
  }
});

Deno.test("the NDJSON decoder gives each bad line its reason", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["hello", "not_json"],
    ["{", "not_json"],
    ['{"symbol":"A","ts":1,"price":NaN}', "not_json"],
    ['{"symbol":"A","ts":1,"price":01}', "not_json"],
    ['{"symbol":"A","ts":1,"price":1.}', "not_json"],
    ["[".repeat(1_000), "not_json"],
    ["[]", "schema"],
    ["7", "schema"],
    ["null", "schema"],
    ['"x"', "schema"],
    ['{"ts":1,"price":1}', "schema"],
    ['{"symbol":"A","price":1}', "schema"],
    ['{"symbol":"A","ts":1}', "schema"],
    ['{"symbol":7,"ts":1,"price":1}', "schema"],
    ['{"symbol":"A","ts":true,"price":1}', "schema"],
    ['{"symbol":"A","ts":"yesterday","price":1}', "schema"],
    ['{"symbol":"A","ts":"9999-12-31","price":1}', "schema"],
    ['{"symbol":"A","ts":1e300,"price":1}', "schema"],
    ['{"symbol":"A","ts":1,"price":"12,5"}', "schema"],
    ['{"symbol":"A","ts":1,"price":1e300}', "schema"],
    ['{"symbol":"A","ts":1,"price":9007199254740993}', "schema"],
    ['{"symbol":"A","ts":1,"price":1,"seq":1.5}', "schema"],
    ['{"symbol":"A","ts":1,"price":1,"seq":-1}', "schema"],
    ['{"symbol":"A","ts":1,"price":1,"seq":"7"}', "schema"],
    ['{"type":"order"}', "schema"],
    ['{"type":"hello"}', "control"],
    ['{"type":"hello","feed":"<b>"}', "control"],
    ['{"symbol":"<b>","ts":1,"price":1}', "unknown_symbol"],
    ['{"symbol":"","ts":1,"price":1}', "unknown_symbol"],
    [`{"symbol":"${"A".repeat(33)}","ts":1,"price":1}`, "unknown_symbol"],
    ['{"symbol":"A","ts":1,"price":0}', "price_not_positive"],
    ['{"symbol":"A","ts":1,"price":-3}', "price_not_positive"],
    ['{"symbol":"A","ts":1,"price":"NaN"}', "price_not_positive"],
    ['{"symbol":"A","ts":1,"price":"-Infinity"}', "price_not_positive"],
    ['{"symbol":"A","ts":1,"price":1.123456789}', "too_many_decimals"],
    ['{"symbol":"A","ts":1,"price":1e-9}', "too_many_decimals"],
    ['{"symbol":"A","ts":1,"price":1,"volume":-1}', "volume_negative"],
    ['{"symbol":"A","ts":1,"price":1,"volume":"x"}', "schema"],
    [`{"x":"${"y".repeat(1_100)}"}`, "line_too_long"],
  ];
  const ok = '{"symbol":"A","ts":1,"price":1}';
  for (const [line, reason] of cases) {
    assert.deepEqual(verdicts(ndjson(`${ok}\n${line}\n${ok}`)), [
      "tick",
      reason,
      "tick",
    ], line);
  }
});

Deno.test("a rejected line keeps what could be read of it", () => {
  const line = '{"symbol":"A","ts":5,"price":-3,"seq":9}';
  assert.deepEqual(ndjson(line), [{
    kind: "reject",
    reason: "price_not_positive",
    detail: "price must be > 0, got -3",
    seq: 9,
    symbol: "A",
    ts: 5_000,
    line: 1,
    raw: line,
  }]);
});

Deno.test("raw text of a reject is valid, bounded and free of NUL", () => {
  const bytes = encoder.encode(`a\0b${"é".repeat(700)}\n`);
  bytes[1_200] = 0xff;
  const [row] = decodeBytes(ndjsonDecoder(), bytes);
  const raw = String(row.raw);
  assert.ok(raw.startsWith("a\ufffdbéé"));
  assert.ok(encoder.encode(raw).length <= 1_024);
  assert.ok(raw.isWellFormed());
});

Deno.test("a first line beyond 1,024 bytes must be a hello", () => {
  const instruments = Array.from({ length: 200 }, (_, i) => `SYMBOL-${i}`);
  const hello = JSON.stringify({ type: "hello", feed: "nse", instruments });
  assert.deepEqual(verdicts(ndjson(hello)), ["control"]);
  assert.deepEqual(verdicts(ndjson(`["${"x".repeat(2_000)}"]`)), [
    "line_too_long",
  ]);
});

Deno.test("the CSV decoder reads rows, an optional header and JSON messages", () => {
  const text = [
    '{"type":"hello","feed":"f"}',
    "symbol,ts,price,volume,seq",
    "NIFTY50,1764042300123.5,24321.55,75,1",
    "USDINR,2025-11-25T03:45:00Z,83.0025,,2",
    "USDINR,1764042300123,83.0025,",
    "USDINR,1764042300123,83.,0.5",
    "USDINR,1764042300123,0,1",
    "symbol,ts,price,volume",
    "a,b",
    '{"type":"end","total":2}',
  ].join("\r\n");
  const rows = csv(text);
  assert.deepEqual(verdicts(rows), [
    "control",
    "tick",
    "tick",
    "tick",
    "tick",
    "price_not_positive",
    "schema",
    "control",
  ]);
  assert.deepEqual(rows[1].price, [2_432_155, 2]);
  assert.deepEqual([rows[2].size, rows[2].seq], [[0, 0], 2]);
  assert.deepEqual([rows[4].price, rows[4].size], [[83, 0], [5, 1]]);
});

// ------------------------------------------------------------- properties

const digits = fc.oneof(
  fc.nat(99_999).map(String),
  fc.tuple(fc.nat(9_999_999), fc.nat(99_999_999)).map(([a, b]) => `${a}.${b}`),
  fc.bigInt({ min: 0n, max: 10n ** 17n }).map(String),
  fc.constantFrom("0", "0.0", "1e5", "-1", "007", "1.", ".5", "1.50000"),
);
const ts = fc.oneof(
  fc.integer({ min: 0, max: 4e12 }).map(String),
  fc.tuple(fc.integer({ min: 0, max: 9e12 }), fc.nat(99_999)).map(([a, b]) =>
    `${a}.${b}`
  ),
);
const space = fc.constantFrom("", "", "", " ", "  ", "\t");
const symbolText = fc.constantFrom("NIFTY50", "A", "B:c/1.x-2", "a b", "é", "");

const jsonTick = fc.tuple(
  fc.shuffledSubarray(["symbol", "ts", "price", "volume", "seq"], {
    minLength: 2,
  }),
  symbolText,
  ts,
  digits,
  digits,
  fc.oneof(fc.nat().map(String), digits),
  fc.boolean(),
  space,
).map(([keys, symbol, ts, price, volume, seq, quoted, gap]) => {
  const values: Record<string, string> = {
    symbol: JSON.stringify(symbol),
    ts,
    price: quoted ? `"${price}"` : price,
    volume: quoted ? `"${volume}"` : volume,
    seq,
  };
  const fields = keys.map((key) => `${gap}"${key}"${gap}:${gap}${values[key]}`);
  return `{${fields.join(`${gap},`)}${gap}}`;
});
const csvTick = fc.tuple(symbolText, ts, digits, digits, fc.nat(), fc.nat(3))
  .map(([symbol, ts, price, volume, seq, cut]) =>
    [symbol, ts, price, volume, seq].slice(0, 5 - cut).join(",")
  );
const control = fc.constantFrom(
  '{"type":"heartbeat"}',
  '{"type":"end","total":3}',
  '{"type":"hello","feed":"x"}',
);
const lineEnd = fc.constantFrom("\n", "\r\n", "\n\n", "\n");

/** Bytes of lines, some of them damaged. */
function mutated(line: fc.Arbitrary<string>): fc.Arbitrary<Uint8Array> {
  const text = fc.array(fc.tuple(fc.oneof(line, line, line, control), lineEnd))
    .map((all) => all.flat().join(""));
  const damage = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 });
  return fc.tuple(text, damage).map(([text, damage]) => {
    const bytes = encoder.encode(text);
    if (bytes.length === 0) return bytes;
    for (const [at, byte] of damage) bytes[at % bytes.length] = byte;
    return bytes;
  });
}

/** Lines that must end as something: those that are not empty. */
function lineCount(bytes: Uint8Array): number {
  const text = Array.from(bytes, (b) => String.fromCharCode(b)).join("");
  return text.split("\n").filter((line) => line.replace(/\r$/, "") !== "")
    .length;
}

for (
  const { name, line, fast, plain } of [
    {
      name: "NDJSON",
      line: jsonTick,
      fast: ndjsonDecoder,
      plain: plainNdjsonDecoder,
    },
    { name: "CSV", line: csvTick, fast: csvDecoder, plain: plainCsvDecoder },
  ]
) {
  Deno.test(`the ${name} decoder's fast path equals its plain one on damaged lines`, () => {
    fc.assert(
      fc.property(mutated(line), fc.integer({ min: 1, max: 300 }), (b, cut) => {
        const rows = decodeBytes(plain(), b);
        assert.deepEqual(decodeBytes(fast(), b), rows);
        assert.deepEqual(decodeBytes(fast(), b, cut), rows);
        assert.equal(rows.length, lineCount(b));
        for (const row of rows) {
          if (row.kind !== "reject") continue;
          assert.ok(
            (REJECT_REASONS as readonly unknown[]).includes(row.reason),
          );
          assert.notEqual(row.detail, "");
        }
      }),
      { numRuns: 500 },
    );
  });
}
