import { shortNumber } from "./price_ticks.ts";
import type { Scene } from "./scene.ts";

/** One line of the legend: pairs of a name and a value, written only when they change. */
class Row {
  readonly element: HTMLElement;
  readonly #values = new Map<
    string,
    { readonly pair: HTMLElement; readonly text: Text }
  >();

  constructor(
    className: string,
    names: readonly (readonly [string, string])[],
  ) {
    this.element = make("div", `tc-row ${className}`);
    for (const [key, label] of names) {
      const pair = make("span", `tc-pair tc-${key}`);
      if (label) pair.append(make("span", "tc-name", label), " ");
      pair.hidden = true;
      const value = make("span", "tc-value");
      const text = document.createTextNode("");
      value.append(text);
      pair.append(value);
      this.#values.set(key, { pair, text });
      this.element.append(pair, " ");
    }
  }

  set(key: string, value: string): void {
    const { pair, text } = this.#values.get(key)!;
    if (text.data === value) return;
    text.data = value;
    pair.hidden = value === "";
  }
}

/** The legend above the candles: what is under the crosshair, or the newest candle. */
export class Legend {
  readonly element: HTMLElement;
  readonly #scene: Scene;
  readonly #candle: Row;
  readonly #forecast: Row;
  readonly #lines = make("div", "tc-row tc-row-lines");

  constructor(scene: Scene, symbol: string) {
    this.#scene = scene;
    this.#candle = new Row("tc-row-candle", [
      ["symbol", ""],
      ["time", ""],
      ["o", "O"],
      ["h", "H"],
      ["l", "L"],
      ["c", "C"],
      ["change", ""],
      ["v", "Vol"],
      ["state", ""],
    ]);
    this.#forecast = new Row("tc-row-forecast", [
      ["fc", "Forecast"],
      ["error", "Error"],
      ["b80", "80%"],
      ["b95", "95%"],
      ["verdict", ""],
    ]);
    this.#candle.set("symbol", symbol);
    this.element = make("div", "tc-legend");
    this.element.setAttribute("aria-hidden", "true");
    this.element.append(
      this.#candle.element,
      this.#forecast.element,
      this.#lines,
    );
  }

  /** Shows a slot, of the past or of the future. */
  show(slot: number): void {
    const facts = factsOf(this.#scene, slot);
    for (const key of CANDLE_KEYS) this.#candle.set(key, facts[key]);
    for (const key of FORECAST_KEYS) this.#forecast.set(key, facts[key]);
    const lines = linesAt(this.#scene, slot);
    if (this.#lines.textContent !== lines) this.#lines.textContent = lines;
    const { classList } = this.element;
    classList.toggle("tc-rising", facts.direction > 0);
    classList.toggle("tc-falling", facts.direction < 0);
    classList.toggle("tc-missed", facts.missed);
  }
}

const CANDLE_KEYS = [
  "time",
  "o",
  "h",
  "l",
  "c",
  "change",
  "v",
  "state",
] as const;
const FORECAST_KEYS = ["fc", "error", "b80", "b95", "verdict"] as const;

type Facts =
  & Record<(typeof CANDLE_KEYS | typeof FORECAST_KEYS)[number], string>
  & { readonly direction: number; readonly missed: boolean };

function factsOf(scene: Scene, slot: number): Facts {
  const { store } = scene;
  const candle = store.candleAt(slot);
  const forecast = scene.forecastAt(slot);
  const wall = scene.wallOf(slot);
  const price = (value: number) => scene.priceLabel(value);
  const before = candle && slot > 0 ? store.c[slot - 1] : candle?.o ?? NaN;
  const change = candle ? candle.c - before : NaN;
  const error = candle && forecast ? candle.c - forecast.c : NaN;
  const done = candle?.closed ?? false;
  const within = (low: number, high: number) =>
    candle !== null && candle.c >= low && candle.c <= high;
  const inside = forecast && done
    ? within(forecast.lo80, forecast.hi80)
      ? "inside 80%"
      : within(forecast.lo95, forecast.hi95)
      ? "inside 95%"
      : "outside the band"
    : "";
  return {
    time: Number.isNaN(wall) ? "" : scene.words.short(wall, scene.intervalMs),
    o: candle ? price(candle.o) : "",
    h: candle ? price(candle.h) : "",
    l: candle ? price(candle.l) : "",
    c: candle ? price(candle.c) : "",
    change: candle
      ? `${signed(change, price)} (${percent(change / before)})`
      : "",
    v: candle && store.hasVolume ? shortNumber(candle.v) : "",
    state: stateOf(scene, slot),
    fc: forecast ? price(forecast.c) : "",
    error: Number.isNaN(error)
      ? ""
      : `${signed(error, price)} (${percent(error / forecast!.c)})`,
    b80: forecast ? `${price(forecast.lo80)} – ${price(forecast.hi80)}` : "",
    b95: forecast ? `${price(forecast.lo95)} – ${price(forecast.hi95)}` : "",
    verdict: inside,
    direction: candle ? Math.sign(candle.c - candle.o) : 0,
    missed: inside === "outside the band",
  };
}

/** What is special about a slot: its candle's state, and what happened around it. */
function stateOf(scene: Scene, slot: number): string {
  const { store, frame } = scene;
  const candle = store.candleAt(slot);
  if (candle === null && store.length === 0) return "No candles yet";
  const { outages, sessions, quiet } = frame;
  const touches = (span: { readonly from: number; readonly to: number }) =>
    slot >= span.from && slot <= Math.max(span.from, span.to - 1);
  return [
    candle === null && "predicted",
    candle?.synthetic && "no trade",
    candle?.complete === false && "incomplete",
    candle && !candle.closed && "forming",
    candle?.rev && (candle.rev === 1 ? "revised" : `revised ${candle.rev}×`),
    ...sessions.filter(touches).map(({ session }) => session.name),
    ...outages.filter(touches).map(({ outage }) => outage.title ?? "feed down"),
    quiet.includes(slot) && "after a time without trades",
  ].filter((part) => part).join(", ");
}

/** "SMA 20 24,105.20  BANKNIFTY +0.42%". */
function linesAt(scene: Scene, slot: number): string {
  return scene.frame.lines.map(({ line, from, values }) => {
    const value = values[slot - from] ?? NaN;
    if (Number.isNaN(value)) return line.name;
    const first = values.findIndex((one) => !Number.isNaN(one));
    return line.kind === "compare"
      ? `${line.name} ${percent(value / values[first] - 1)}`
      : `${line.name} ${scene.priceLabel(value)}`;
  }).join("   ");
}

function signed(value: number, format: (value: number) => string): string {
  if (value === 0) return format(0);
  return `${value > 0 ? "+" : "−"}${format(Math.abs(value))}`;
}

function percent(share: number): string {
  if (!Number.isFinite(share)) return "–";
  // A minute moves a thousandth of a percent: "+0.00%" would say nothing.
  const decimals = Math.abs(share) < 0.001 ? 3 : 2;
  return `${signed(share * 100, (value) => value.toFixed(decimals))}%`;
}

/** One sentence or two about a slot, for a screen reader. */
export function describeSlot(
  scene: Scene,
  slot: number,
  symbol: string,
): string {
  const facts = factsOf(scene, slot);
  const wall = scene.wallOf(slot);
  if (Number.isNaN(wall)) return `${symbol}: no candles yet`;
  const parts = [
    `${symbol}, ${scene.words.full(wall, scene.intervalMs)}`,
    facts.state,
    facts.o && `open ${facts.o}, high ${facts.h}, low ${facts.l}`,
    facts.c && `close ${facts.c}, change ${facts.change}`,
    facts.v && `volume ${facts.v}`,
    facts.fc && `forecast ${facts.fc}`,
    facts.error && `error ${facts.error}`,
    facts.b95 && `95% band ${facts.b95.replace("–", "to")}`,
    facts.verdict,
  ];
  const marks = scene.frame.marks.filter((placed) => placed.slot === slot);
  for (const { mark } of marks) parts.push(`${mark.side}: ${mark.title}`);
  if (slot === scene.store.length - 1) {
    parts.push(
      ...scene.levels.map(({ title, price }) =>
        `${title} at ${scene.priceLabel(price)}`
      ),
    );
  }
  return parts.filter((part) => part).join(", ");
}

/** An element with a class and perhaps a text. */
export function make(
  tag: string,
  className: string,
  text?: string,
): HTMLElement {
  const element = document.createElement(tag);
  element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}
