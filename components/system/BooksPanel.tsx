import { formatPrice } from "../format_price.ts";
import type { BooksView } from "../system_view.ts";

/** The books: each line is accounted for, and each tick is in a candle. */
export function BooksPanel({ books }: { readonly books: BooksView | null }) {
  return (
    <section class="panel" aria-labelledby="books-title">
      <h2 id="books-title">The books</h2>
      {books === null ? <p>The warehouse does not answer now.</p> : (
        <>
          <p
            class={`verdict verdict-${books.balanced ? "some" : "suspicious"}`}
          >
            <b>
              <span aria-hidden="true">{books.balanced ? "✓" : "✕"}</span>{" "}
              {books.balanced
                ? "They balance"
                : `${whole(books.unaccounted)} ticks are unaccounted`}
            </b>
            {books.balanced ? ": 0 ticks unaccounted." : ""}
          </p>
          <dl class="sums">
            <Sum
              name="Received"
              value={books.received}
              parts={[
                ["accepted", books.accepted],
                ["duplicates", books.duplicates],
                ["rejected", books.rejected],
              ]}
            />
            <Sum
              name="Applied"
              value={books.applied}
              parts={[["in candles", books.in_candles]]}
            />
            <Sum
              name="Rejected"
              value={books.rejected}
              parts={[["in quarantine", books.in_quarantine]]}
            />
          </dl>
          <p class="fine">
            Of all feeds since the warehouse began, from sums that each commit
            keeps; now and then the rows themselves are counted.{" "}
            <a href="/api/audit">By partition and feed</a>
          </p>
        </>
      )}
    </section>
  );
}

const Sum = ({ name, value, parts }: {
  readonly name: string;
  readonly value: number;
  readonly parts: readonly (readonly [string, number])[];
}) => {
  const sum = parts.reduce((total, [, part]) => total + part, 0);
  return (
    <div>
      <dt>
        {name} <b>{whole(value)}</b>
      </dt>
      <dd>
        {value === sum ? "=" : "≠"}{" "}
        {parts.map(([of, part], i) => (
          <span key={of}>
            {i > 0 && " + "}
            {whole(part)} {of}
          </span>
        ))}
      </dd>
    </div>
  );
};

const whole = (n: number) => formatPrice(n, 0);
