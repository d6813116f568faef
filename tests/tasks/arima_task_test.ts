import assert from "node:assert/strict";
import { LH } from "../../pipeline/forecast/testing/lh.ts";
import { REGRESSION_CASES } from "../../pipeline/forecast/testing/regression_cases.ts";
import { readCase } from "../../tasks/arima_case.ts";
import { TextLineStream } from "../harness/text_line_stream.ts";

const ROOT = new URL("../../", import.meta.url);

/** The task as `deno.json` has it, with its permissions and no more. */
async function command(args: readonly string[]): Promise<Deno.Command> {
  const { tasks } = JSON.parse(
    await Deno.readTextFile(new URL("deno.json", ROOT)),
  );
  const [deno, ...rest] = tasks.arima.split(" ");
  assert.equal(deno, "deno");
  return new Deno.Command(Deno.execPath(), {
    args: [...rest, ...args],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  });
}

async function run(input: string, ...args: readonly string[]) {
  const child = (await command(args)).spawn();
  const writing = new Response(input).body!.pipeTo(child.stdin)
    // A bad command line ends it before it reads.
    .catch(() => {});
  const { code, stdout, stderr } = await child.output();
  await writing;
  const text = new TextDecoder();
  return { code, out: text.decode(stdout), err: text.decode(stderr) };
}

async function answers(cases: readonly unknown[], ...args: readonly string[]) {
  const lines = cases.map((one) =>
    typeof one === "string" ? one : JSON.stringify(one)
  );
  const { code, out, err } = await run(lines.join("\n") + "\n", ...args);
  assert.deepEqual([code, err], [0, ""]);
  return out.trimEnd().split("\n").map((line) => JSON.parse(line));
}

const near = (got: number, wanted: number, tolerance: number) =>
  assert.ok(Math.abs(got - wanted) <= tolerance, `${got} is not ${wanted}`);

Deno.test("arima answers lh as R does, number for number", async () => {
  const [fit] = await answers([
    { id: "lh", y: LH, order: [1, 0, 0], constant: "mean", horizon: 3 },
  ]);
  assert.deepEqual(Object.keys(fit).slice(0, 12), [
    ..."id status order coef coef_se sigma2 loglik aic aicc bic mean se"
      .split(" "),
  ]);
  assert.deepEqual([fit.id, fit.status, fit.order], ["lh", "fitted", [
    1,
    0,
    0,
  ]]);
  near(fit.coef.ar1, 0.5739243884, 1e-4);
  near(fit.coef.intercept, 2.413285608, 1e-4);
  near(fit.coef_se.ar1, 0.116139, 1e-3);
  near(fit.coef_se.intercept, 0.146612, 1e-3);
  near(fit.sigma2, 0.1974895516, 1e-6);
  near(fit.loglik, -29.3791623863, 1e-6);
  near(fit.aic, 64.7583247725, 1e-5);
  near(fit.aicc, 65.303779318, 1e-5);
  near(fit.bic, 70.3719278053, 1e-5);
  [2.692622868, 2.573604074, 2.505296285]
    .forEach((wanted, i) => near(fit.mean[i], wanted, 1e-4));
  [0.4443979654, 0.512387039, 0.5328860577]
    .forEach((wanted, i) => near(fit.se[i], wanted, 1e-5));
  assert.equal(fit.constant, "mean");
  assert.equal(fit.nobs, 48);
  assert.equal(fit.converged, true);
  assert.equal(fit.degenerate, false);
  assert.ok(fit.ljung_box.p > 0.05);
});

Deno.test("arima regresses on xreg as R does, and forecasts by newxreg", async () => {
  const cases = REGRESSION_CASES.map((one, id) => ({
    id,
    y: [...one.y].map((value) => Number.isNaN(value) ? null : value),
    ...one.spec,
    xreg: one.xreg.map((column) => [...column]),
    newxreg: one.newxreg,
  }));
  const got = await answers(cases);
  REGRESSION_CASES.forEach((one, i) => {
    assert.equal(got[i].status, "fitted", JSON.stringify(got[i]));
    assert.equal(got[i].mean.length, one.mean.length);
    one.mean.forEach((value, step) => {
      const off = Math.abs(got[i].mean[step] - value);
      assert.ok(off < 1e-3 * one.se[step], `${i} ${step}: ${off}`);
    });
    const last = Object.values(got[i].coef).at(-1) as number;
    const [wanted, error] = [one.coef.at(-1), one.coefSe.at(-1)] as number[];
    assert.ok(Math.abs(last - wanted) < 1e-3 * error);
  });
});

Deno.test("arima says what is wrong with regressors", async () => {
  const line = { y: [1, 2, 4, 3, 5, 4, 6, 7], order: [1, 0, 0] };
  const x = [3, 1, 4, 1, 5, 9, 2, 6];
  const wrong = await answers([
    { ...line, xreg: x, newxreg: [[1]] },
    { ...line, xreg: [[...x.slice(1), null]], newxreg: [[1]] },
    { ...line, xreg: [x.slice(1)], newxreg: [[1]] },
    { ...line, xreg: [x] },
    { ...line, xreg: [x], newxreg: [[1], [2]] },
    { ...line, xreg: [x], newxreg: [[1, 2]], horizon: 3 },
    { ...line, newxreg: [[1]] },
    { ...line, xreg: [x], newxreg: [[1]], order: "auto" },
    { ...line, xreg: [x], newxreg: [[]] },
  ]);
  const wanted = [
    /xreg must be 1 to 50 lists of numbers, one for each regressor, got \[3,1/,
    /xreg must be 1 to 50 lists of numbers/,
    /xreg must have 8 numbers in each list, as y has, got 7 in list 1/,
    /newxreg must be 1 list, as xreg is, got nothing/,
    /newxreg must be 1 list, as xreg is/,
    /newxreg must have 3 numbers in each list, one a step, got 2 in list 1/,
    /newxreg must come with xreg/,
    /order must be \[p,d,q\] with xreg, got "auto"/,
    /newxreg must have 1 to 10000 numbers in each list/,
  ];
  wanted.forEach((text, i) => {
    assert.equal(wrong[i].status, "error");
    assert.match(wrong[i].error, text);
  });
  const [same] = await answers([
    { ...line, xreg: [x, x], newxreg: [[1], [1]] },
  ]);
  assert.equal(same.status, "failed");
  assert.match(same.reason, /cannot be told apart/);
});

Deno.test("arima keeps the order of its lines, and says what is wrong with those that are no case", async () => {
  const y = LH;
  const got = await answers([
    { id: 1, y, order: [0, 1, 0], horizon: 1 },
    "",
    "no JSON",
    "[1,2]",
    { id: "a", y: [1, "2"], order: [1, 0] },
    { id: true, y, order: [1, 0, 0], sesonal: [1, 0, 0], horizon: 0 },
    { id: { x: 1 }, y, order: "auto" },
    { id: 9, y, order: "auto", seasonal: [0, 1, 1], period: 4 },
    { id: null, y, order: [0, 0, 0], seasonal: [0, 1, 1] },
    { id: 2, y: [1, 2], order: [3, 1, 3] },
    { id: 3, y: [null, null], order: "auto" },
    { y, order: [0, 1, 0], constant: "drift", horizon: 1 },
  ]);
  assert.deepEqual(
    got.map(({ id, status, line }) => [id, status, line ?? 0]),
    [
      [1, "fitted", 0],
      [null, "error", 3],
      [null, "error", 4],
      ["a", "error", 5],
      [true, "error", 6],
      [null, "error", 7],
      [9, "error", 8],
      [null, "error", 9],
      [2, "failed", 0],
      [3, "failed", 0],
      [null, "fitted", 0],
    ],
  );
  const said = got.map(({ error, reason }) => error ?? reason ?? "");
  assert.match(said[1], /^Cannot use line 3: must be JSON: /);
  assert.match(said[2], /must be an object, got \[1,2\]/);
  assert.match(said[3], /y must be numbers or null, got "2" at 1; order must/);
  assert.match(said[4], /horizon must be a whole number, 1 to 10000, got 0/);
  assert.match(said[4], /"sesonal" is unknown/);
  assert.match(said[5], /id must be a text, .+, got \{"x":1\}$/);
  assert.match(said[6], /seasonal must be left out with "auto"/);
  assert.match(said[7], /period must be 2 or more with seasonal terms/);
  assert.ok(said[8].length > 0 && said[9].length > 0);
  near(got[0].mean[0], 2.9, 1e-12);
  near(got[10].coef.drift, (2.9 - 2.4) / 47, 1e-9);
});

Deno.test("arima answers a line before it has the next one", async () => {
  const child = (await command([])).spawn();
  const writer = child.stdin.getWriter();
  const reader = child.stdout.pipeThrough(new TextDecoderStream())
    .pipeThrough(new TextLineStream()).getReader();
  for (const id of ["first", "second"]) {
    const line = JSON.stringify({ id, y: LH, order: [0, 1, 1] });
    await writer.write(new TextEncoder().encode(line + "\n"));
    const { value } = await reader.read();
    assert.equal(JSON.parse(value ?? "").id, id);
  }
  await writer.close();
  assert.equal((await child.status).code, 0);
  await reader.cancel();
  await child.stderr.cancel();
});

Deno.test("arima reads a line of megabytes, and one without an end", async () => {
  const y = Array.from({ length: 200_000 }, (_, i) => Math.sin(i * i / 7));
  const long = JSON.stringify({ id: "long", y, order: [0, 0, 0], horizon: 1 });
  assert.ok(long.length > 3_000_000);
  const short = JSON.stringify({ id: "short", y: LH, order: [1, 0, 0] });
  const { code, out } = await run(`\uFEFF${long}\r\n${short}`);
  assert.equal(code, 0);
  const [first, second] = out.trimEnd().split("\n").map((x) => JSON.parse(x));
  assert.deepEqual([first.id, first.nobs], ["long", 200_000]);
  assert.deepEqual([second.id, second.status], ["short", "fitted"]);
});

Deno.test("arima chooses orders, within the constants that a line allows", async () => {
  const walk = LH.map((_, i) => LH.slice(0, i + 1).reduce((a, b) => a + b));
  const got = await answers([
    { id: "lh", y: LH, order: "auto" },
    { id: "none", y: LH, order: "auto", constant: "none" },
    { id: "drift", y: walk, order: "auto", constant: "drift" },
  ]);
  assert.deepEqual(got.map(({ status }) => status), Array(3).fill("fitted"));
  const [lh, none, drift] = got;
  assert.equal(lh.constant, "mean");
  assert.ok(lh.aicc <= 65.303779320197 + 1e-3, String(lh.aicc));
  assert.equal(none.constant, "none");
  assert.equal(drift.order[1], 1);
  assert.equal(drift.constant, "drift");
});

Deno.test("arima never prints NaN, whatever the series", async () => {
  const series = [
    [],
    [5],
    [null],
    Array(50).fill(7.1),
    [...Array(30).fill(0), 1],
    LH.map((x) => x * 1e300),
    LH.map((x) => x * 1e-300),
    LH.map((x, i) => i % 3 === 0 ? null : x),
  ];
  const orders = ["auto", [1, 1, 1], [0, 0, 0], [2, 0, 2]];
  const got = await answers(
    series.flatMap((y, i) => orders.map((order) => ({ id: i, y, order }))),
  );
  assert.equal(got.length, series.length * orders.length);
  for (const answer of got) {
    if (answer.status === "failed") {
      assert.ok(answer.reason.length > 0);
      continue;
    }
    const numbers = [
      answer.sigma2,
      ...Object.values(answer.coef),
      ...answer.mean,
      ...answer.se,
      ...answer.degenerate ? [] : [answer.loglik, answer.aic, answer.bic],
    ];
    assert.ok(numbers.every(Number.isFinite), JSON.stringify(answer));
  }
});

Deno.test("arima --engine wasm gives what npm arima can, and says what it cannot", async () => {
  const got = await answers(
    [
      { id: 1, y: LH, order: [1, 0, 0], horizon: 2 },
      { id: 2, y: LH, order: [0, 1, 0], constant: "none", horizon: 2 },
      { id: 3, y: LH, order: "auto" },
      { id: 4, y: LH, order: [0, 1, 1], seasonal: [0, 1, 1], period: 4 },
      { id: 5, y: LH, order: [0, 1, 1], constant: "drift" },
      { id: 6, y: [...LH, null], order: [0, 1, 1] },
    ],
    "--engine",
    "wasm",
  );
  assert.deepEqual(got.map(({ status }) => status), [
    "fitted",
    "fitted",
    "failed",
    "failed",
    "failed",
    "failed",
  ]);
  near(got[0].coef.ar1, 0.5739, 0.03);
  near(got[0].coef.intercept, 2.4133, 0.02);
  assert.equal(got[0].loglik, null);
  assert.equal(got[0].coef_se, null);
  assert.deepEqual(got[1].mean, [2.9, 2.9]);
  assert.match(got[3].reason, /native/);
});

Deno.test("arima --format table is for people", async () => {
  const { code, out } = await run(
    [
      JSON.stringify({ id: "lh\u001b[31m", y: LH, order: [1, 0, 0] }),
      "oops",
      JSON.stringify({ id: 2, y: [], order: [1, 0, 0] }),
    ].join("\n"),
    "--format",
    "table",
  );
  assert.equal(code, 0);
  assert.match(out, /^lh\ufffd\[31m: arima\(1,0,0\) mean, 48 values$/m);
  assert.match(out, /^ {2}ar1 +0\.5739\d* +0\.116\d*$/m);
  assert.match(out, /AIC 64\.758/);
  assert.match(out, /^ {2}\+12 +2\.413\d* +0\.542\d*/m);
  assert.match(out, /Cannot use line 2: must be JSON/);
  assert.match(out, /^2: failed: /m);
});

Deno.test("arima exits with 2 for a command line that it cannot use, and helps", async () => {
  for (const args of [["--engine", "R"], ["--nope"], ["cases.ndjson"]]) {
    const { code, out, err } = await run("", ...args);
    assert.deepEqual([code, out], [2, ""]);
    assert.match(err, /--help/);
  }
  const { code, out } = await run("", "--help");
  assert.equal(code, 0);
  assert.match(out, /--engine ENGINE/);
});

Deno.test("readCase() takes null for what is left out, and R's defaults", () => {
  const read = readCase(
    `{"y":[1,null],"order":[1,0,0],"seasonal":null,"period":null,` +
      `"constant":null,"horizon":null}`,
  );
  assert.ok(read.kind === "case");
  assert.equal(read.case.id, null);
  assert.equal(read.case.horizon, 12);
  assert.deepEqual([...read.case.y], [1, NaN]);
  assert.deepEqual(read.case.wanted, {
    kind: "spec",
    spec: {
      order: [1, 0, 0],
      seasonal: [0, 0, 0],
      period: 0,
      constant: "mean",
    },
  });
});

Deno.test("readCase() searches a season where there is a period, unless told not to", () => {
  const wanted = (more: string) => {
    const read = readCase(`{"y":[1],"order":"auto","period":12${more}}`);
    assert.ok(read.kind === "case" && read.case.wanted.kind === "auto");
    return read.case.wanted;
  };
  assert.equal(wanted("").period, 12);
  assert.equal(wanted(`,"seasonal":[0,0,0]`).period, 0);
  assert.deepEqual(wanted("").constants, ["none", "mean", "drift"]);
  assert.deepEqual(wanted(`,"constant":"mean"`).constants, ["none", "mean"]);
  assert.deepEqual(wanted(`,"constant":"none"`).constants, ["none"]);
});
