const BAR_CELLS = 24;
const DRAW_MS = 100;
const LINE_MS = 10_000;

/**
 * How far a task is, on stderr: a bar where a person looks on, else a line now
 * and then.
 */
export class Progress {
  readonly #started = performance.now();
  #drawn = performance.now();
  #open = false;

  constructor(
    private readonly to: {
      readonly terminal: boolean;
      readonly write: (text: string) => void;
    } = {
      terminal: Deno.stderr.isTerminal(),
      write: (text) => Deno.stderr.writeSync(new TextEncoder().encode(text)),
    },
  ) {}

  /** @param share Of the work, 0 to 1. */
  at(share: number, what: string): void {
    const now = performance.now();
    const { terminal, write } = this.to;
    if (now - this.#drawn < (terminal ? DRAW_MS : LINE_MS)) return;
    this.#drawn = now;
    const percent = `${Math.floor(100 * share)} %`;
    const leftS = share > 0.01
      ? (now - this.#started) * (1 - share) / share / 1_000
      : null;
    const left = leftS === null ? "" : `, ${duration(leftS)} left`;
    if (!terminal) return write(`${percent}, ${what}${left}\n`);
    const cells = Math.round(share * BAR_CELLS);
    const bar = "█".repeat(cells) + "░".repeat(BAR_CELLS - cells);
    write(`\r\x1b[K${bar} ${percent.padStart(5)}  ${what}${left}`);
    this.#open = true;
  }

  /** Takes the bar away. */
  done(): void {
    if (this.#open) this.to.write("\r\x1b[K");
    this.#open = false;
  }
}

function duration(seconds: number): string {
  const whole = Math.ceil(seconds);
  return whole < 60
    ? `${whole} s`
    : `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")} min`;
}
