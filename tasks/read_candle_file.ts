import { ZoneClock } from "../pipeline/calendars/zone_offset.ts";
import { LineSplitter } from "../pipeline/feeds/line_splitter.ts";
import { CandleDecoder, type FileCandle } from "./candle_file.ts";
import type { TaskContext } from "./run_task.ts";
import { optional, type OptionValues, wholeNumber } from "./task_options.ts";
import { readTickFile } from "./tick_file.ts";

/** Rejected lines that are told one by one. */
const REJECTS_TOLD = 10;

/** How the lines of a file of candles are read. */
export const candleFileOptions = {
  zone: optional<ZoneClock>({
    takes: "ZONE",
    wanted: "an IANA name, such as Asia/Kolkata",
    meaning: "Zone of times that name none; by default UTC",
    read: readZone,
  }),
  round: optional({
    takes: "N",
    wanted: "a whole number, 0 to 8",
    meaning: "Rounds prices to N decimals, for files written by a float",
    read: wholeNumber(0, 8),
  }),
};

export interface Place {
  readonly file: string;
  readonly line: number;
}

/** A candle of a file of history, and where it stands. */
export type PlacedCandle = FileCandle & Place;

/** Lines that were not taken: counted, and the first ones told. */
export class Rejects {
  count = 0;

  constructor(private readonly say: TaskContext["say"]) {}

  add({ file, line }: Place, reason: string): void {
    this.count++;
    if (this.count <= REJECTS_TOLD) {
      this.say(`${file}:${line}: rejected: ${reason}`);
    }
    if (this.count === REJECTS_TOLD + 1) {
      this.say("More lines are rejected; they are counted only");
    }
  }
}

/** The candles of a file, in its order; `read` counts its lines. */
export async function* readCandleFile(
  file: { readonly path: string; readonly gzip: boolean },
  options: OptionValues<typeof candleFileOptions>,
  rejects: Pick<Rejects, "add">,
  read: { lines: number; empty: number },
): AsyncGenerator<PlacedCandle> {
  const decoder = new CandleDecoder({
    zone: options.zone ?? null,
    round: options.round ?? null,
  });
  const place = { file: file.path, line: 0 };
  const decode = (text: string) => {
    place.line++;
    const line = decoder.decode(text);
    if (line.kind !== "skipped") read.lines++;
    if (line.kind === "empty") read.empty++;
    if (line.kind === "rejected") rejects.add(place, line.reason);
    return line.kind === "candle" ? [{ ...line.candle, file: file.path }] : [];
  };
  const splitter = new LineSplitter();
  for await (const bytes of readTickFile(file)) {
    for (const text of splitter.push(bytes)) yield* decode(text);
  }
  for (const text of splitter.flush()) yield* decode(text);
}

function readZone(text: string): ZoneClock | null {
  try {
    return new ZoneClock(text);
  } catch {
    return null;
  }
}
