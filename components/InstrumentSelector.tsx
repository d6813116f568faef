import { useEffect, useRef, useState } from "preact/hooks";
import {
  type InstrumentChoice,
  matchInstruments,
} from "./match_instruments.ts";
import { onSingleKey } from "./single_keys.ts";

const LISTED = 12;

/**
 * Leads to another instrument: typing finds it, `/` is the way to it from
 * anywhere on the page. Without scripts it is a form with suggestions.
 */
export function InstrumentSelector({ symbol, others, interval }: {
  readonly symbol: string;
  readonly others: readonly InstrumentChoice[];
  readonly interval: string;
}) {
  const input = useRef<HTMLInputElement>(null);
  const [scripted, setScripted] = useState(false);
  /** What was typed; `null` while the list is shut. */
  const [typed, setTyped] = useState<string | null>(null);
  const [active, setActive] = useState(0);
  const found = typed === null ? [] : matchInstruments(others, typed, LISTED);

  useEffect(() => {
    setScripted(true);
    return onSingleKey("/", () => input.current?.focus());
  }, []);

  const show = (text: string) => {
    setTyped(text);
    setActive(0);
  };
  const shut = () => {
    setTyped(null);
    if (input.current) input.current.value = symbol;
  };
  const onKey = (event: KeyboardEvent) => {
    switch (event.key) {
      case "ArrowDown":
      case "ArrowUp": {
        event.preventDefault();
        if (typed === null) return show("");
        const step = event.key === "ArrowDown" ? 1 : -1;
        const count = Math.max(1, found.length);
        return setActive((active + step + count) % count);
      }
      case "Enter":
        event.preventDefault();
        if (found[active]) goTo(found[active].symbol, interval);
        return;
      case "Escape":
        if (typed === null) input.current?.blur();
        return shut();
    }
  };

  return (
    <form method="GET" action="/instruments" class="selector" role="search">
      <label for="instrument" class="visually-hidden">Instrument</label>
      <input
        ref={input}
        id="instrument"
        name="symbol"
        type="text"
        autocomplete="off"
        autocapitalize="characters"
        spellcheck={false}
        defaultValue={symbol}
        {...scripted
          ? {
            role: "combobox",
            "aria-expanded": typed !== null,
            "aria-controls": "instrument-list",
            "aria-autocomplete": "list",
            "aria-activedescendant": found[active] && `instrument-${active}`,
          }
          : { list: "instrument-choices" }}
        onFocus={(event) => {
          event.currentTarget.select();
          show("");
        }}
        onInput={(event) =>
          show(event.currentTarget.value)}
        onBlur={shut}
        onKeyDown={onKey}
      />
      <kbd aria-hidden="true">/</kbd>
      {!scripted && (
        <datalist id="instrument-choices">
          {others.map((one) => (
            <option key={one.symbol} value={one.symbol}>{one.name}</option>
          ))}
        </datalist>
      )}
      <ul
        id="instrument-list"
        role="listbox"
        aria-label="Instruments"
        hidden={typed === null}
      >
        {found.map((one, i) => (
          <li
            key={one.symbol}
            id={`instrument-${i}`}
            role="option"
            aria-selected={i === active}
            // Before the blur that would shut the list.
            onPointerDown={(event) => {
              event.preventDefault();
              goTo(one.symbol, interval);
            }}
          >
            <b>{one.symbol}</b>{" "}
            {one.name !== one.symbol && <small>{one.name}</small>}
          </li>
        ))}
        {typed !== null && found.length === 0 && (
          <li role="option" aria-disabled="true" aria-selected="false">
            No instrument is called that
          </li>
        )}
      </ul>
      <input type="hidden" name="interval" value={interval} />
      <noscript>
        <button type="submit">Show</button>
      </noscript>
    </form>
  );
}

function goTo(symbol: string, interval: string): void {
  location.assign(
    `/instruments/${encodeURIComponent(symbol)}?interval=${interval}`,
  );
}
