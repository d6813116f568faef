/**
 * A module's source, so that the bundler may leave out what nobody uses of it.
 *
 * A bundler keeps what it cannot prove unused: every class with a static field
 * that reads a property, and every method of a class. Of Chart.js that is most
 * of its code for axes, labels, tooltips and elements (14 kB in gzip), which a
 * chart that draws by itself never calls.
 */
export function shakable(path: string, source: string): string {
  if (!/\/node_modules\/chart\.js\/dist\/[\w./]+\.js$/.test(path)) {
    return source;
  }
  // They become functions and getters that read the same when they are asked.
  let shaken = withoutColors(source)
    .replaceAll(
      /\bcallback: (Ticks\.formatters\.\w+)/g,
      "callback(...values) { return $1.apply(this, values); }",
    )
    .replaceAll(
      /\bstatic defaults = (\w+\.defaults);/g,
      "static get defaults() { return $1; }",
    );
  for (const [head, methods] of Object.entries(UNUSED)) {
    shaken = withoutMethods(shaken, head, methods);
  }
  return shaken;
}

/**
 * Methods of Chart.js 4.6.1 that no chart of ours can come to: the scales
 * override `update` and `draw`, the controllers `draw`, datasets are empty, there
 * are no events, and charts are sized by hand.
 */
const UNUSED: Readonly<Record<string, readonly string[]>> = {
  "class Scale extends Element {": [
    "_calculatePadding",
    "_computeGridLineItems",
    "_computeLabelArea",
    "_computeLabelItems",
    "_computeLabelSizes",
    "_convertTicksToLabels",
    "_getLabelSizes",
    "_getXAxisLabelAlignment",
    "_getYAxisLabelAlignment",
    "_handleMargins",
    "_maxDigits",
    "_resolveTickFontOptions",
    "_tickSize",
    "calculateLabelRotation",
    "draw",
    "drawBackground",
    "drawBorder",
    "drawGrid",
    "drawLabels",
    "drawTitle",
    "fit",
    "generateTickLabels",
    "getLabelItems",
    "getLineWidthForValue",
    "getMinMax",
    "update",
  ],
  "class DatasetController {": [
    "_insertElements",
    "applyStack",
    "draw",
    "getAllParsedValues",
    "getLabelAndValue",
    "getMinMax",
    "getStyle",
    "parse",
    "parseArrayData",
    "parseObjectData",
    "parsePrimitiveData",
    "removeHoverStyle",
    "setHoverStyle",
    "updateElement",
    "updateRangeFromParsed",
    "updateSharedOptions",
  ],
  "class Chart {": [
    "_eventHandler",
    "_getActiveElements",
    "_handleEvent",
    "_updateHoverStyles",
    "bindResponsiveEvents",
    "getElementsAtEventForMode",
    "setActiveElements",
    "updateHoverStyle",
  ],
};

/**
 * A source that takes colours as they are. Chart.js reckons with them for what
 * is animated or hovered, by a library of 3 kB; the painters need none of it.
 */
export function withoutColors(source: string): string {
  return source
    .replace(/^import (?:\{ Color \} from )?'@kurkle\/color';$/m, "")
    .replaceAll(/\bnew Color\(value\)(?:\.\w+\([\d.]*\))*/g, "value");
}

/** A source without these methods of the class that begins with `head`, if it has that class. */
export function withoutMethods(
  source: string,
  head: string,
  methods: readonly string[],
): string {
  const from = source.indexOf(`\n${head}\n`);
  if (from < 0) return source;
  const to = source.indexOf("\n}\n", from);
  let body = source.slice(from, to);
  for (const method of methods) {
    // As the compiler writes it, after a comment or not: nothing else ends a line so.
    const pattern = new RegExp(
      `\\n(?: {4}| )${method}\\([\\s\\S]*?\\n {4}\\}(?=\\n|$)`,
    );
    if (!pattern.test(body)) {
      throw new Error(
        `Cannot leave out ${method} as "${head}" has no such method`,
      );
    }
    body = body.replace(pattern, "");
  }
  return source.slice(0, from) + body + source.slice(to);
}
