/**
 * A module's source, so that the bundler may leave out what nobody uses of it.
 *
 * Reading a property may have an effect, as far as a bundler knows, so it keeps
 * every class with a static field that does. Chart.js has such fields in its
 * scales (5 kB in gzip): they become functions and getters that read the same
 * when they are asked.
 */
export function shakable(path: string, source: string): string {
  if (!/\/node_modules\/chart\.js\/dist\/[\w.]+\.js$/.test(path)) return source;
  return source
    .replaceAll(
      /\bcallback: (Ticks\.formatters\.\w+)/g,
      "callback(...values) { return $1.apply(this, values); }",
    )
    .replaceAll(
      /\bstatic defaults = (\w+\.defaults);/g,
      "static get defaults() { return $1; }",
    );
}
