import type { BenchReport, FigureReport } from "./report.ts";

/** What the runner knows of the machine and of what ran on it. */
export interface RunInfo {
  readonly command: string;
  readonly commit: string;
  readonly machine: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly date: string;
}

/** All reports of a run as a page of Markdown. */
export function resultsPage(
  reports: readonly BenchReport[],
  info: RunInfo,
): string {
  const versions = Object.entries(info.versions)
    .map(([name, version]) => `${name} ${version}`).join(", ");
  const parts = [
    "# What was measured",
    `Written by \`${info.command}\` on ${info.date}, of commit ` +
    `\`${info.commit}\`: ${info.machine}; ${versions}. Generator, servers and ` +
    `program share the machine. A figure is the median of its rounds, with ` +
    `the least and the most beside it; one that has a goal says whether it ` +
    `reached it. The calibration is a fixed sum before and after each part: ` +
    `compare ratios of one run, not seconds of two.`,
  ];
  for (const report of reports) {
    const [before, after] = report.calibration_ms;
    parts.push(
      `## ${report.bench}`,
      table(report.figures),
      `${report.rounds} ${report.rounds === 1 ? "round" : "rounds"}; ` +
        `calibration ${before} and ${after} ms; result \`${report.hash}\`.`,
      ...report.plots.map(({ name, title }) =>
        `![${title}](results/${name}.svg)`
      ),
    );
  }
  return parts.join("\n\n") + "\n";
}

function table(figures: readonly FigureReport[]): string {
  const rows = figures.map((figure) => [
    figure.name,
    `${shown(figure.median)} ${figure.unit}`,
    `${shown(figure.min)} … ${shown(figure.max)}`,
    figure.goal ?? "",
    figure.reached === null ? "" : figure.reached ? "yes" : "**no**",
  ]);
  return [
    ["figure", "median", "spread", "goal", "reached"],
    ["---", "--:", "--:", "--:", "---"],
    ...rows,
  ].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

function shown(value: number): string {
  return value.toLocaleString("en", { maximumSignificantDigits: 4 });
}
