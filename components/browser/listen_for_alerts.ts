import type { FiredAlert } from "../alerts.ts";
import { AlertListener } from "./alert_listener.ts";
import { playAlertSound } from "./alert_sound.ts";
import { noteFired, watchAlerts } from "./alerts.ts";
import type { EventName } from "./connect_live.ts";
import { hearOthers } from "./hear_others.ts";
import { tapLive } from "./live_taps.ts";
import { showNotification } from "./notifications.ts";
import { ServerClock } from "./server_clock.ts";
import { readSettings } from "./settings.ts";
import { whileLeading } from "./while_leading.ts";

const TICK_MS = 5_000;

/**
 * Holds what the streams tell to the alerts, in one tab at a time, until the
 * returned function is called. The other tabs hear of what fired.
 */
export function listenForAlerts(): () => void {
  return whileLeading("tickhouse.alerts", listen);
}

function listen(alone: boolean): () => void {
  const clock = new ServerClock();
  const listener = new AlertListener((alert, fired) => {
    if (noteFired(alert, fired)) announce(fired);
  });
  // deno-lint-ignore no-explicit-any
  const receive = (name: EventName, data: any) => {
    if (name === "snapshot") clock.set(data.at);
    listener.receive(name, data, clock.now());
  };
  const timer = setInterval(() => listener.tick(clock.now()), TICK_MS);
  const stops = [
    () => clearInterval(timer),
    watchAlerts((alerts) => listener.setAlerts(alerts)),
    tapLive(receive),
  ];
  if (alone) {
    stops.push(hearOthers({
      symbols: () => listener.symbols,
      onEvent: receive,
      onAnswer: (instruments) =>
        listener.receiveAnswer(instruments, clock.now()),
    }));
  }
  return () => stops.forEach((stop) => stop());
}

/** Tells of it beyond the page, as far as the reader agreed to. */
function announce({ key, symbol, text }: FiredAlert): void {
  const { sound, notifications } = readSettings();
  if (sound) playAlertSound();
  if (!notifications) return;
  showNotification({
    title: symbol,
    body: text,
    tag: key,
    href: `/instruments/${encodeURIComponent(symbol)}`,
  });
}
