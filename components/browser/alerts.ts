import {
  type Alert,
  ALERTS_MAX,
  FIRED_MAX,
  type FiredAlert,
  parseAlerts,
  parseFired,
} from "../alerts.ts";
import { Kept } from "./kept.ts";

const alerts = new Kept("tickhouse.alerts", parseAlerts);
const fired = new Kept("tickhouse.alerts.fired", parseFired);

/** The alerts set in this browser. */
export function readAlerts(): readonly Alert[] {
  return alerts.read();
}

/** Tells the alerts, now and whenever they change; returns how to stop. */
export function watchAlerts(
  callback: (alerts: readonly Alert[]) => void,
): () => void {
  return alerts.watch(callback);
}

/** Adds an alert, the newest first; the oldest gives way to one too many. */
export function addAlert(alert: Alert): void {
  alerts.write([alert, ...readAlerts()].slice(0, ALERTS_MAX));
}

export function removeAlert(id: string): void {
  alerts.write(readAlerts().filter((one) => one.id !== id));
}

/** Tells what fired, newest first, now and whenever something does. */
export function watchFired(
  callback: (fired: readonly FiredAlert[]) => void,
): () => void {
  return fired.watch(callback);
}

export function clearFired(): void {
  fired.write([]);
}

/**
 * Notes that an alert fired. One at a price is then done.
 *
 * @returns Whether this is the first to say so: other tabs hear the same.
 */
export function noteFired(alert: Alert, one: FiredAlert): boolean {
  const before = fired.read();
  if (before.some(({ key }) => key === one.key)) return false;
  fired.write([one, ...before].slice(0, FIRED_MAX));
  if (alert.kind === "price") removeAlert(alert.id);
  return true;
}

/** A name for an alert that no other has. */
export function newAlertId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(9));
  return btoa(String.fromCharCode(...bytes));
}
