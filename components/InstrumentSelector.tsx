export interface InstrumentChoice {
  readonly symbol: string;
  readonly name: string;
}

/** Leads to another instrument, without scripts too. */
export function InstrumentSelector({ symbol, others, interval }: {
  readonly symbol: string;
  readonly others: readonly InstrumentChoice[];
  readonly interval: string;
}) {
  return (
    <form method="GET" action="/instruments" class="selector">
      <label>
        <span class="visually-hidden">Instrument</span>
        <select
          name="symbol"
          value={symbol}
          onChange={(event) => {
            const to = encodeURIComponent(event.currentTarget.value);
            location.assign(`/instruments/${to}?interval=${interval}`);
          }}
        >
          {others.map((one) => (
            <option
              key={one.symbol}
              value={one.symbol}
              selected={one.symbol === symbol}
            >
              {one.symbol}
            </option>
          ))}
        </select>
      </label>
      <input type="hidden" name="interval" value={interval} />
      <noscript>
        <button type="submit">Show</button>
      </noscript>
    </form>
  );
}
