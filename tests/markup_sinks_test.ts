/** Text gets into pages as text: JSX escapes it, and nothing goes around JSX. */
import assert from "node:assert/strict";

const ROOT = new URL("../", import.meta.url);
const FOLDERS = ["islands", "components", "routes", "chart", "web", "fresh"];

/** What takes a text for markup or code. */
const SINK =
  /\b(?:inner|outer)HTML\b|dangerouslySetInnerHTML|insertAdjacentHTML|document\.write|\bsrcdoc\b|\beval\(|new Function\b/i;

async function* sources(folder: string): AsyncGenerator<string> {
  for await (const entry of Deno.readDir(new URL(folder, ROOT))) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) yield* sources(path);
    else if (/\.tsx?$/.test(path) && !/_test\.tsx?$/.test(path)) yield path;
  }
}

Deno.test("nothing in the source takes a text for markup or code", async () => {
  let read = 0;
  for (const folder of FOLDERS) {
    for await (const path of sources(folder)) {
      const text = await Deno.readTextFile(new URL(path, ROOT));
      assert.doesNotMatch(text, SINK, path);
      read++;
    }
  }
  assert.ok(read > 200, `${read} files`);
  assert.match("element.innerHTML = name", SINK);
  assert.match("<b dangerouslySetInnerHTML={x} />", SINK);
});
