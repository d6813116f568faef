/** The URL pattern of a path under `routes/` without its extension. */
export function routePattern(path: string): string {
  const parts = path.split("/").filter((part) => !isGroup(part));
  if (parts.at(-1) === "index") parts.pop();
  const pattern = parts.map((part, index) => {
    if (!/^\[\[.+\]\]$/.test(part)) return "/" + partPattern(part);
    // A leading "/" must not be optional.
    return index === 0 && parts.every((each) => each.startsWith("[["))
      ? `/{:${part.slice(2, -2)}}?`
      : `{/:${part.slice(2, -2)}}?`;
  }).join("");
  return pattern || "/";
}

/** The segment of a folder under `routes/`, groups and all. */
export function folderSegment(folder: string): string {
  return "/" + folder.split("/").map(partPattern).join("/");
}

/** Orders files so that of two patterns that match, the narrower is first. */
export function compareRoutes(a: string, b: string): number {
  const [left, right] = [a, b].map((path) =>
    path.split("/").filter((part) => !isGroup(part))
  );
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const order = breadth(left[i]) - breadth(right[i]);
    if (order !== 0) return order;
    if (left[i] !== right[i]) return left[i] < right[i] ? -1 : 1;
  }
  return right.length - left.length;
}

function isGroup(part: string): boolean {
  return part.startsWith("(") && part.endsWith(")");
}

function partPattern(part: string): string {
  const rest = /^\[\.\.\.(.+)\]$/.exec(part);
  if (rest !== null) return `:${rest[1]}*`;
  if (part.includes("][")) {
    throw new SyntaxError(
      `Cannot route "${part}" as two parameters must have text between them`,
    );
  }
  return part.replace(/\[([^\]]+)\]/g, ":$1");
}

function breadth(part: string): number {
  if (part.startsWith("[...")) return 3;
  if (part.startsWith("[[")) return 2;
  return part.includes("[") ? 1 : 0;
}
