import { WideTable } from "../system/WideTable.tsx";
import type { OperationDoc } from "./api_doc.ts";
import { Fields } from "./Fields.tsx";

/** One thing that can be asked, with what it takes and what it gives. */
export function Operation({ of }: { readonly of: OperationDoc }) {
  const { id, method, path, summary, notes, example, body, answer } = of;
  return (
    <section class="panel operation" id={id} aria-labelledby={`${id}-title`}>
      <h3 id={`${id}-title`}>
        <a href={`#${id}`}>
          <span class="method">{method}</span> <code>{path}</code>
        </a>
      </h3>
      <p>{summary}</p>
      {notes.map((note) => <p key={note} class="muted">{note}</p>)}
      <Parameters of={of} />
      {body !== null && (
        <details>
          <summary>Body, as JSON</summary>
          <Fields fields={body} />
        </details>
      )}
      <pre
        tabIndex={0}
        aria-label={`Example of ${path}`}
      ><code>{example}</code></pre>
      {answer !== null && answer.length > 0 && (
        <details>
          <summary>Answer</summary>
          <Fields fields={answer} />
        </details>
      )}
      <p class="fine">
        Answers with {of.formats.join(", ")}
      </p>
      {of.statuses.length > 0 && (
        <details>
          <summary>Other statuses</summary>
          <ul class="fields">
            {of.statuses.map(({ status, words }) => (
              <li key={status}>
                <code>{status}</code> {words}
              </li>
            ))}
          </ul>
        </details>
      )}
    </section>
  );
}

function Parameters({ of }: { readonly of: OperationDoc }) {
  if (of.parameters.length === 0) return null;
  return (
    <WideTable
      label={`Parameters of ${of.path}`}
      head={["Parameter", "What it is", "If not given"]}
    >
      {of.parameters.map(({ name, header, required, words, standard }) => (
        <tr key={name}>
          <td>
            <code>{name}</code>
            {header && " (header)"}
          </td>
          <td class="words">{words}</td>
          <td>{required ? "must be given" : standard ?? "left out"}</td>
        </tr>
      ))}
    </WideTable>
  );
}
