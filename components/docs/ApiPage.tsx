import { type ApiDoc, schemaId } from "./api_doc.ts";
import { Fields } from "./Fields.tsx";
import { Operation } from "./Operation.tsx";

/** All that can be asked over HTTP, readable without scripts. */
export function ApiPage({ doc, token }: {
  readonly doc: ApiDoc;
  /** The program asks for its token. */
  readonly token: boolean;
}) {
  return (
    <>
      <h1>API</h1>
      <p class="lead">
        All that this program answers to other programs, made of the same
        schemas that requests and answers are held to. The same for machines:
        {" "}
        <a href="/openapi.json">/openapi.json</a>, OpenAPI 3.1.
      </p>
      <ul class="lead">
        <li>
          Times are Unix milliseconds; parameters take ISO 8601 too, without a
          zone in UTC. <code>from</code> is included, <code>to</code> is not.
        </li>
        <li>
          Errors are <code>application/problem+json</code>{" "}
          and name every wrong parameter, its value and what was expected.
        </li>
        <li>
          A long list ends with <code>next</code>: give it as{" "}
          <code>cursor</code> for what follows.
        </li>
        {token && (
          <li>
            Requests need <code>Authorization: Bearer</code>{" "}
            and the token that is in <code>API_TOKEN</code>.
          </li>
        )}
      </ul>
      <nav class="panel contents" aria-label="Contents">
        {doc.groups.map(({ name, operations }) => (
          <div key={name}>
            <h2>{name}</h2>
            <ul>
              {operations.map(({ id, path }) => (
                <li key={id}>
                  <a href={`#${id}`}>{path}</a>
                </li>
              ))}
            </ul>
          </div>
        ))}
      </nav>
      {doc.groups.map(({ name, operations }) => (
        <section key={name} class="group" aria-label={name}>
          <h2>{name}</h2>
          {operations.map((one) => <Operation key={one.id} of={one} />)}
        </section>
      ))}
      <section class="group" aria-label="Schemas">
        <h2>Schemas</h2>
        {doc.schemas.map(({ name, words, fields }) => (
          <section key={name} class="panel operation" id={schemaId(name)}>
            <h3>
              <a href={`#${schemaId(name)}`}>
                <code>{name}</code>
              </a>
            </h3>
            {words !== null && <p>{words}</p>}
            <Fields fields={fields} />
          </section>
        ))}
      </section>
    </>
  );
}
