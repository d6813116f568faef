import { useEffect, useRef, useState } from "preact/hooks";
import {
  addAlert,
  newAlertId,
  removeAlert,
  watchAlerts,
} from "../components/browser/alerts.ts";
import { tapLive } from "../components/browser/live_taps.ts";
import { ServerClock } from "../components/browser/server_clock.ts";
import {
  DEFAULT_SETTINGS,
  watchSettings,
} from "../components/browser/settings.ts";
import { type Alert, describeAlert, priceAlert } from "../components/alerts.ts";
import { formatPrice } from "../components/format_price.ts";

export interface AlertsProps {
  readonly symbol: string;
  readonly decimals: number;
  /** As in `0.05`. */
  readonly tickSize: string;
  /** The last price, or `null` if there is none. */
  readonly price: number | null;
  /** Server's clock, Unix ms. */
  readonly now: number;
}

/** Sets what the reader wants to be told of one instrument. */
export default function Alerts(props: AlertsProps) {
  const { symbol, decimals } = props;
  const [alerts, setAlerts] = useState<readonly Alert[]>([]);
  const [settings, setSettings] = useState(DEFAULT_SETTINGS);
  const [ready, setReady] = useState(false);
  const [level, setLevel] = useState("");
  const price = useRef(props.price);
  const clock = useRef(new ServerClock());

  useEffect(() => {
    clock.current.set(props.now);
    setReady(true);
    const stops = [
      watchAlerts((all) =>
        setAlerts(all.filter((one) => one.symbol === symbol))
      ),
      watchSettings(setSettings),
      tapLive((name, data) => {
        if (name === "candle" && data.symbol === symbol) {
          price.current = data.candle.c;
        }
      }),
    ];
    return () => stops.forEach((stop) => stop());
  }, []);

  const base = () => ({ id: newAlertId(), symbol, setAt: clock.current.now() });
  const addLevel = (event: Event) => {
    event.preventDefault();
    const wanted = Number(level);
    if (level === "" || price.current === null || !(wanted > 0)) return;
    addAlert(
      priceAlert({ ...base(), level: wanted, decimals }, price.current),
    );
    setLevel("");
  };
  const toggle = (kind: "signal" | "stale") => {
    const set = alerts.find((one) => one.kind === kind);
    if (set === undefined) addAlert({ ...base(), kind });
    else removeAlert(set.id);
  };

  return (
    <section class="panel alerts" aria-labelledby="alerts-title">
      <h2 id="alerts-title">Alerts</h2>
      <noscript>
        <p class="fine">Alerts need scripts, which are off here.</p>
      </noscript>
      <form class="alert-level" onSubmit={addLevel}>
        <label for="alert-level">Price comes to</label>
        <input
          id="alert-level"
          type="number"
          inputMode="decimal"
          min={props.tickSize}
          step={props.tickSize}
          placeholder={props.price === null
            ? undefined
            : formatPrice(props.price, decimals).replaceAll(",", "")}
          disabled={!ready || props.price === null}
          required
          value={level}
          onInput={({ currentTarget }) => setLevel(currentTarget.value)}
        />
        <button type="submit" disabled={!ready || props.price === null}>
          Set
        </button>
      </form>
      <label class="alert-kind">
        <input
          type="checkbox"
          disabled={!ready}
          checked={alerts.some(({ kind }) => kind === "signal")}
          onChange={() => toggle("signal")}
        />
        A new BUY or SELL
      </label>
      <label class="alert-kind">
        <input
          type="checkbox"
          disabled={!ready}
          checked={alerts.some(({ kind }) => kind === "stale")}
          onChange={() => toggle("stale")}
        />
        The feed goes stale
      </label>
      <ul class="alert-list" aria-label="Prices waited for">
        {alerts.filter(({ kind }) => kind === "price").map((one) => (
          <li key={one.id}>
            {describeAlert(one)}
            <button
              type="button"
              aria-label={`Remove: ${describeAlert(one)}`}
              onClick={() =>
                removeAlert(one.id)}
            >
              Remove
            </button>
          </li>
        ))}
      </ul>
      <p class="fine">
        Heard while a page of this site is open. Sound is{" "}
        {settings.sound ? "on" : "off"}, notifications are{" "}
        {settings.notifications ? "on" : "off"}:{" "}
        <a href="/settings">Settings</a>. <a href="/alerts">All alerts</a>
      </p>
    </section>
  );
}
