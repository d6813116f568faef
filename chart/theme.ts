/** Colours of the chart. A theme is plain data, so an island can keep it in a signal. */

export interface Theme {
  readonly name: string;
  readonly dark: boolean;
  readonly background: string;
  readonly grid: string;
  readonly sessionLine: string;
  /** Every other day, and the parts of a day that are not the regular session. */
  readonly dayShade: string;
  readonly sessionShade: string;
  /** Lines over what was lost while the feed was down. */
  readonly hatch: string;
  readonly paneLine: string;
  readonly text: string;
  readonly textStrong: string;
  readonly up: string;
  readonly down: string;
  /**
   * Inside of rising bodies, so that fill tells them as well as colour; null
   * where they are hollow. At least 3:1 to the outline, which is `up`.
   */
  readonly upInside: string | null;
  /** Candles known to be incomplete. */
  readonly upMuted: string;
  readonly downMuted: string;
  readonly upVolume: string;
  readonly downVolume: string;
  readonly forecast: string;
  readonly forecastTick: string;
  /** The band: where it was predicted for candles since seen, and for those to come. */
  readonly band95: string;
  readonly band80: string;
  readonly bandFuture95: string;
  readonly bandFuture80: string;
  readonly bandFuture50: string;
  /** Levels of alerts. */
  readonly level: string;
  readonly buy: string;
  readonly sell: string;
  readonly markText: string;
  readonly crosshair: string;
  readonly pill: string;
  readonly pillText: string;
  readonly pricePillText: string;
}

export const DARK: Theme = {
  name: "dark",
  dark: true,
  background: "#0e1318",
  grid: "#1a2128",
  sessionLine: "#33404c",
  dayShade: "rgba(148,170,192,0.035)",
  sessionShade: "rgba(96,165,250,0.09)",
  hatch: "#5b4a2a",
  paneLine: "#222b34",
  text: "#93a1af",
  textStrong: "#dfe6ec",
  up: "#26a69a",
  down: "#ef5350",
  upInside: "#154340",
  upMuted: "#1d665f",
  downMuted: "#8a3a3a",
  upVolume: "#1b5a56",
  downVolume: "#7a3335",
  forecast: "#c79bf2",
  forecastTick: "#b58be0",
  band95: "rgba(167,123,217,0.09)",
  band80: "rgba(167,123,217,0.10)",
  bandFuture95: "rgba(167,123,217,0.16)",
  bandFuture80: "rgba(167,123,217,0.18)",
  bandFuture50: "rgba(167,123,217,0.20)",
  level: "#d9a93a",
  buy: "#35d0c0",
  sell: "#ff6f6b",
  markText: "#0e1318",
  crosshair: "#8494a3",
  pill: "#33404d",
  pillText: "#f1f5f8",
  pricePillText: "#ffffff",
};

export const LIGHT: Theme = {
  name: "light",
  dark: false,
  background: "#ffffff",
  grid: "#eef1f4",
  sessionLine: "#c3ccd5",
  dayShade: "rgba(30,60,90,0.025)",
  sessionShade: "rgba(37,99,235,0.07)",
  hatch: "#e6cd9c",
  paneLine: "#dde3e9",
  text: "#5b6875",
  textStrong: "#17202a",
  up: "#0a9382",
  down: "#e5383f",
  upInside: "#cfebe6",
  upMuted: "#9bd0c9",
  downMuted: "#f3b0b2",
  upVolume: "#9ed6cd",
  downVolume: "#f5b3b5",
  forecast: "#7c4dbd",
  forecastTick: "#8a5cc9",
  band95: "rgba(124,77,189,0.07)",
  band80: "rgba(124,77,189,0.08)",
  bandFuture95: "rgba(124,77,189,0.12)",
  bandFuture80: "rgba(124,77,189,0.13)",
  bandFuture50: "rgba(124,77,189,0.14)",
  level: "#8a6100",
  buy: "#067a6c",
  sell: "#c81e2b",
  markText: "#ffffff",
  crosshair: "#75828f",
  pill: "#3a4753",
  pillText: "#ffffff",
  pricePillText: "#ffffff",
};

/** Blue and orange differ for every common colour vision, and hollow bodies say "up" without colour. */
const BLUE_ORANGE_DARK = {
  upInside: null,
  up: "#4aa3ff",
  down: "#f08a24",
  upMuted: "#2c5f94",
  downMuted: "#8f5518",
  upVolume: "#25507d",
  downVolume: "#7a4a18",
  buy: "#7dbdff",
  sell: "#ffab57",
} as const;

const BLUE_ORANGE_LIGHT = {
  upInside: null,
  up: "#1264c8",
  down: "#c75f00",
  upMuted: "#9fc1ea",
  downMuted: "#ebc197",
  upVolume: "#a5c6ee",
  downVolume: "#efc79d",
  buy: "#0b4fa3",
  sell: "#a34e00",
} as const;

export const DARK_BLUE_ORANGE: Theme = {
  ...DARK,
  ...BLUE_ORANGE_DARK,
  name: "dark-blue-orange",
};

export const LIGHT_BLUE_ORANGE: Theme = {
  ...LIGHT,
  ...BLUE_ORANGE_LIGHT,
  name: "light-blue-orange",
};

/** A theme on paper, which is light. */
export function themeOnPaper(theme: Theme): Theme {
  return theme.dark
    ? themeFor({ dark: false, colourBlind: theme.upInside === null })
    : theme;
}

/** The theme for what the reader chose. */
export function themeFor(
  options: { readonly dark: boolean; readonly colourBlind?: boolean },
): Theme {
  if (options.colourBlind) {
    return options.dark ? DARK_BLUE_ORANGE : LIGHT_BLUE_ORANGE;
  }
  return options.dark ? DARK : LIGHT;
}
