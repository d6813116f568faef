/** Looks of the report: dark and light as the reader's system is, or paper. */
export const REPORT_CSS = `
:root {
  color-scheme: light dark;
  --page: light-dark(#f3f5f7, #0a0e12);
  --panel: light-dark(#ffffff, #0e1318);
  --line: light-dark(#dde3e9, #212a33);
  --line-strong: light-dark(#c3ccd5, #33404c);
  --text: light-dark(#2b3640, #c3ccd5);
  --strong: light-dark(#10181f, #eef2f5);
  --muted: light-dark(#586572, #8c9aa8);
  --up: light-dark(#067a6c, #35b8a9);
  --down: light-dark(#c4242c, #f2706d);
  --warn: light-dark(#8a5a00, #e2b454);
  --m0: light-dark(#6f42b5, #c79bf2);
  --m1: light-dark(#0b66c3, #68b0ff);
  --m2: light-dark(#a34e00, #f39b45);
  --m3: light-dark(#067a6c, #35b8a9);
  --m4: light-dark(#b3225f, #f37aae);
  --m5: light-dark(#586572, #8c9aa8);
  --m6: light-dark(#7a6a00, #d8c64a);
}
* { box-sizing: border-box; }
html { background: var(--page); -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body {
  margin: 0 auto;
  padding: 20px 16px 32px;
  max-width: 960px;
  color: var(--text);
  font: 14px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  font-variant-numeric: tabular-nums;
}
h1, h2, h3, p, ul, ol, dl, dd, table { margin: 0; padding: 0; }
h1 { color: var(--strong); font-size: 22px; line-height: 1.25; }
h2 { color: var(--strong); font-size: 15px; }
h3 { margin: 14px 0 4px; color: var(--strong); font-size: 13px; }
.muted, .fine { color: var(--muted); }
.fine { margin-top: 8px; font-size: 12px; }
section, header { margin-bottom: 16px; }
section {
  padding: 14px 16px 16px;
  border: 1px solid var(--line);
  border-radius: 8px;
  background: var(--panel);
}
section > h2 { margin-bottom: 8px; }
.verdict { border-left: 4px solid var(--m5); }
.verdict.skill { border-left-color: var(--up); }
.verdict.suspicious { border-left-color: var(--down); }
.verdict p:first-of-type { margin-bottom: 8px; color: var(--strong); font-size: 17px; line-height: 1.4; }
.verdict p + p + p { margin-top: 4px; }
.note { color: var(--warn); }
dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(190px, 1fr)); gap: 8px 16px; }
dt { color: var(--muted); font-size: 12px; }
dd { color: var(--strong); overflow-wrap: anywhere; }
.scroll { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; }
th { color: var(--muted); font-size: 12px; font-weight: 600; text-align: left; vertical-align: bottom; }
th, td { padding: 4px 10px 4px 0; white-space: nowrap; }
th:last-child, td:last-child { padding-right: 0; }
tbody tr { border-top: 1px solid var(--line); }
tbody th { color: var(--strong); font-size: 14px; font-weight: 500; }
tbody small { color: var(--muted); font-weight: 400; }
.num { text-align: right; }
tr.shown { background: color-mix(in srgb, var(--m0) 9%, transparent); }
tr.suspicious th, tr.suspicious small { color: var(--down); }
.up { color: var(--up); }
.down { color: var(--down); }
.plot { position: relative; }
.plot svg { display: block; width: 100%; height: auto; }
.plot text { fill: var(--muted); font-size: 11.5px; }
.narrow { display: none !important; }
.grid { stroke: var(--line); stroke-width: 1; }
.zero { stroke: var(--line-strong); stroke-width: 1.5; }
.level { stroke: var(--muted); stroke-width: 1; stroke-dasharray: 2 4; }
.line { fill: none; stroke-width: 1.75; stroke-linejoin: round; }
.line.thin { stroke-width: 1.25; }
.m0 { stroke: var(--m0); }
.m1 { stroke: var(--m1); stroke-dasharray: 7 2; }
.m2 { stroke: var(--m2); stroke-dasharray: 4 2; }
.m3 { stroke: var(--m3); stroke-dasharray: 10 2 2 2; }
.m4 { stroke: var(--m4); stroke-dasharray: 2 2; }
.m5 { stroke: var(--m5); }
.m6 { stroke: var(--m6); stroke-dasharray: 12 3; }
.bar { fill: color-mix(in srgb, var(--m1) 55%, transparent); }
.line.bars { stroke: color-mix(in srgb, var(--m1) 55%, transparent); stroke-width: 8; }
.band { fill: color-mix(in srgb, var(--m0) 18%, transparent); }
.line.band { stroke: color-mix(in srgb, var(--m0) 30%, transparent); stroke-width: 8; }
.body.rose { fill: var(--up); }
.body.fell { fill: var(--down); }
.wick.rose, .line.rose { stroke: var(--up); }
.wick.fell, .line.fell { stroke: var(--down); }
.line.rose, .line.fell { stroke-width: 8; }
.wick { fill: none; stroke-width: 1; }
.legend { display: flex; flex-wrap: wrap; gap: 2px 16px; margin: 4px 0 0; list-style: none; font-size: 12px; }
.legend li { display: inline-flex; align-items: center; gap: 6px; }
.legend svg { width: 22px; height: 8px; }
footer { color: var(--muted); font-size: 12px; }
@media (max-width: 600px) {
  body { padding: 12px 8px 24px; }
  section { padding: 12px 10px; }
  h1 { font-size: 19px; }
  .verdict p:first-of-type { font-size: 15px; }
  .wide { display: none !important; }
  .narrow { display: block !important; }
  dl { grid-template-columns: repeat(2, minmax(0, 1fr)); }
}
@media print {
  :root { color-scheme: light; --page: #fff; }
  body { max-width: none; padding: 0; font-size: 11px; }
  section { break-inside: avoid; border-color: #bbb; }
  section.long { break-inside: auto; }
  tr { break-inside: avoid; }
  .scroll { overflow: visible; }
}
`;
