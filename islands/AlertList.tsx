import { useEffect, useState } from "preact/hooks";
import {
  clearFired,
  removeAlert,
  watchAlerts,
  watchFired,
} from "../components/browser/alerts.ts";
import {
  DEFAULT_SETTINGS,
  watchSettings,
  zoneFor,
} from "../components/browser/settings.ts";
import {
  type Alert,
  describeAlert,
  type FiredAlert,
} from "../components/alerts.ts";
import { formatMoment, formatZone } from "../components/format_time.ts";

/** Every alert that is set in this browser, and what fired. */
export default function AlertList() {
  const [alerts, setAlerts] = useState<readonly Alert[]>([]);
  const [fired, setFired] = useState<readonly FiredAlert[]>([]);
  const [settings, setSettings] = useState(DEFAULT_SETTINGS);
  const [zone, setZone] = useState("UTC");
  const [ready, setReady] = useState(false);
  useEffect(() => {
    setReady(true);
    const stops = [
      watchAlerts(setAlerts),
      watchFired(setFired),
      watchSettings((settings) => {
        setSettings(settings);
        // The list is of many exchanges.
        const { timeZone } = settings;
        const many = timeZone === "exchange" ? "browser" : timeZone;
        setZone(zoneFor(many, "UTC"));
      }),
    ];
    return () => stops.forEach((stop) => stop());
  }, []);

  const sorted = alerts.toSorted((a, b) =>
    a.symbol < b.symbol ? -1 : a.symbol > b.symbol ? 1 : b.setAt - a.setAt
  );
  return (
    <>
      <section class="panel" aria-labelledby="set-title" hidden={!ready}>
        <h2 id="set-title">Waiting</h2>
        {sorted.length === 0
          ? (
            <p class="muted">
              None. Set one on the page of an instrument:{" "}
              <a href="/">Instruments</a>
            </p>
          )
          : (
            <ul class="alert-list">
              {sorted.map((one) => (
                <li key={one.id}>
                  <span>
                    <a href={hrefOf(one)}>{one.symbol}</a> {describeAlert(one)}
                  </span>
                  <button
                    type="button"
                    aria-label={`Remove: ${one.symbol}, ${describeAlert(one)}`}
                    onClick={() => removeAlert(one.id)}
                  >
                    Remove
                  </button>
                </li>
              ))}
            </ul>
          )}
      </section>
      <section class="panel" aria-labelledby="fired-title" hidden={!ready}>
        <h2 id="fired-title">Fired</h2>
        {fired.length === 0 ? <p class="muted">Nothing yet.</p> : (
          <>
            <ul class="alert-list">
              {fired.map((one) => (
                <li key={one.key}>
                  <span>
                    <a href={hrefOf(one)}>{one.text}</a>
                  </span>
                  <small class="muted">
                    {formatMoment(one.at, zone)} {formatZone(one.at, zone)}
                  </small>
                </li>
              ))}
            </ul>
            <p>
              <button type="button" onClick={clearFired}>Clear</button>
            </p>
          </>
        )}
      </section>
      <p class="fine" hidden={!ready}>
        Alerts are heard while a page of this site is open in this browser.
        Sound is {settings.sound ? "on" : "off"}, notifications are{" "}
        {settings.notifications ? "on" : "off"}:{" "}
        <a href="/settings">Settings</a>
      </p>
    </>
  );
}

const hrefOf = ({ symbol }: { readonly symbol: string }) =>
  `/instruments/${encodeURIComponent(symbol)}`;
