/** Whether the browser lets this page notify; `unsupported` if it cannot. */
export type NotificationConsent =
  | "granted"
  | "denied"
  | "default"
  | "unsupported";

export function notificationConsent(): NotificationConsent {
  // Absent on pages that are not on this machine and not over HTTPS.
  return typeof Notification === "undefined"
    ? "unsupported"
    : Notification.permission;
}

/** Asks the reader; to be called on a click only. */
export async function askForNotifications(): Promise<NotificationConsent> {
  return notificationConsent() === "unsupported"
    ? "unsupported"
    : await Notification.requestPermission();
}

/**
 * Shows a notification that leads to an instrument.
 *
 * One of the same `tag` replaces another, so that tabs do not repeat it.
 */
export function showNotification(options: {
  readonly title: string;
  readonly body: string;
  readonly tag: string;
  readonly href: string;
}): void {
  if (notificationConsent() !== "granted") return;
  const { title, body, tag, href } = options;
  try {
    const shown = new Notification(title, { body, tag, icon: "/icon-192.png" });
    shown.onclick = () => {
      focus();
      location.assign(href);
    };
  } catch {
    // Android shows none without a service worker; the page itself tells it.
  }
}
