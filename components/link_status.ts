/** How the page hears of news; says nothing of how fresh they are. */
export type LinkStatus =
  | "loading"
  | "connected"
  | "reconnecting"
  | "polling"
  | "offline";

export const LINK_WORDS: Record<LinkStatus, string> = {
  loading: "connecting",
  connected: "connected",
  reconnecting: "reconnecting",
  polling: "polling every 2 s",
  offline: "server not reached",
};
