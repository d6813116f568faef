import { useEffect, useState } from "preact/hooks";
import { readmit, type Readmitted } from "../browser/readmit.ts";
import { counted } from "../format_amount.ts";
import { formatCount } from "../format_price.ts";
import { formatMoment } from "../format_time.ts";
import type { SampleView, SystemView } from "../system_view.ts";
import { rejectWords } from "./reject_words.ts";

/** What was not accepted, by reason, with samples and the way back. */
export function QuarantinePanel({ quarantine, onChanged }: {
  readonly quarantine: SystemView["quarantine"];
  /** Rows were taken back. */
  readonly onChanged: () => void;
}) {
  return (
    <section class="panel wide-panel" aria-labelledby="quarantine-title">
      <h2 id="quarantine-title">Quarantine</h2>
      {quarantine === null
        ? <p>The warehouse does not answer now.</p>
        : <Reasons quarantine={quarantine} onChanged={onChanged} />}
      <p class="fine">
        Lines that were not accepted are kept as they came. Taken back, they go
        through the stream into their minutes, as revisions where those are
        closed. All of them: <a href="/api/quarantine">/api/quarantine</a>, or
        {" "}
        <code>deno task quarantine list</code>.
      </p>
    </section>
  );
}

const Reasons = ({ quarantine, onChanged }: {
  readonly quarantine: NonNullable<SystemView["quarantine"]>;
  readonly onChanged: () => void;
}) => {
  const [ready, setReady] = useState(false);
  const [asked, setAsked] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const [told, setTold] = useState("");
  useEffect(() => setReady(true), []);
  const take = async (
    wanted: { readonly ids: readonly string[] } | { readonly reason: string },
  ) => {
    setBusy(true);
    setAsked(null);
    setTold("Taking back …");
    try {
      setTold(outcomeWords(await readmit(wanted)));
    } catch (error) {
      setTold(`Not taken back: ${(error as Error).message}`);
    }
    setBusy(false);
    onChanged();
  };
  const reasons = Object.entries(quarantine.counts);
  return (
    <>
      {reasons.length === 0 && <p class="muted">Nothing is in quarantine.</p>}
      {reasons.map(([reason, count]) => {
        const samples = quarantine.samples.filter((one) =>
          one.reason === reason
        );
        return (
          <section key={reason} class="reason-group" aria-label={reason}>
            <div class="reason-head">
              <h3>
                <b>{formatCount(count)}</b> {rejectWords(reason)}{" "}
                <code>{reason}</code>
              </h3>
              {asked === reason
                ? (
                  <span class="needs-scripts">
                    <button
                      type="button"
                      disabled={busy}
                      onClick={() => take({ reason })}
                    >
                      Yes, take back {counted(count, "line")}
                    </button>{" "}
                    <button type="button" onClick={() => setAsked(null)}>
                      No
                    </button>
                  </span>
                )
                : (
                  <button
                    type="button"
                    class="needs-scripts"
                    disabled={!ready || busy}
                    onClick={() => setAsked(reason)}
                  >
                    Take all back
                  </button>
                )}
            </div>
            {samples.length === 0
              ? (
                <p class="fine">
                  None of the newest 2,000 lines in quarantine.
                </p>
              )
              : (
                <ul class="samples">
                  {samples.map((sample) => (
                    <Sample
                      key={sample.id}
                      sample={sample}
                      disabled={!ready || busy}
                      onTake={() => take({ ids: [sample.id] })}
                    />
                  ))}
                </ul>
              )}
          </section>
        );
      })}
      <p class="outcome" role="status">{told}</p>
    </>
  );
};

const Sample = ({ sample, disabled, onTake }: {
  readonly sample: SampleView;
  readonly disabled: boolean;
  readonly onTake: () => void;
}) => (
  <li>
    <p>
      <code class="raw">{sample.raw}</code>
    </p>
    <p class="fine">
      {sample.detail}; feed {sample.feed},{" "}
      {formatMoment(sample.received_at, "UTC")} UTC
    </p>
    <button
      type="button"
      class="needs-scripts"
      disabled={disabled}
      aria-label={`Take back the line ${sample.raw.slice(0, 60)}`}
      onClick={onTake}
    >
      Take back
    </button>
  </li>
);

function outcomeWords({ taken, refused, pending }: Readmitted): string {
  const parts = [`${counted(taken, "line")} taken back into candles`];
  if (pending > 0) {
    parts.push(`${formatCount(pending)} on their way, to be seen here soon`);
  }
  for (const [why, n] of refused) parts.push(`${formatCount(n)} not: ${why}`);
  return `${parts.join("; ")}.`;
}
