import { type FieldDoc, schemaId } from "./api_doc.ts";

/** Members of an object, those of objects inside it below each. */
export function Fields({ fields }: { readonly fields: readonly FieldDoc[] }) {
  return (
    <ul class="fields">
      {fields.map(({ name, type, refers, words, fields }) => (
        <li key={name}>
          <code>{name}</code>{" "}
          <span class="type">
            {refers === null
              ? type
              : <a href={`#${schemaId(refers)}`}>{type}</a>}
          </span>
          {words !== null && <span class="words">{` ${words}`}</span>}
          {fields.length > 0 && <Fields fields={fields} />}
        </li>
      ))}
    </ul>
  );
}
