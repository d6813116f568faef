/** Reasons of quarantine in words, and what taking back would do. */
const WORDS: Readonly<Record<string, string>> = {
  not_json: "The line is not JSON",
  schema: "A field is missing or of another kind",
  line_too_long: "The line is longer than 1,024 bytes",
  unknown_symbol: "The symbol is not known and may not register itself",
  price_not_positive: "The price is not above 0",
  volume_negative: "The volume is below 0",
  volume_too_large: "The volume is too large",
  too_many_decimals: "More decimals than the instrument has",
  out_of_band: "The price is too far from the recent ones",
  too_far_ahead: "The tick is of the future",
  too_late: "The tick came after the grace of its minute",
  closed_session: "The market was closed",
  seq_missing: "A line without a number, of a feed that numbers its lines",
};

export function rejectWords(reason: string): string {
  return WORDS[reason] ?? reason;
}
