/** Longest line that is kept; more of it is passed over. */
const LINE_MAX = 65_536;

/**
 * Cuts decoded text into lines, however it comes in pieces. A line longer than
 * `max` characters is cut, so that a file without line ends costs no memory.
 */
export class LineSplitter {
  readonly #decoder = new TextDecoder();
  #rest = "";

  constructor(private readonly max: number = LINE_MAX) {}

  /** Lines that end in these bytes, without their ends. */
  push(bytes: Uint8Array): string[] {
    return this.#split(this.#decoder.decode(bytes, { stream: true }));
  }

  /** The last line, if it has no end. */
  flush(): string[] {
    const lines = this.#split(this.#decoder.decode());
    if (this.#rest !== "") lines.push(this.#rest);
    this.#rest = "";
    return lines;
  }

  #split(text: string): string[] {
    const lines = text.split("\n");
    lines[0] = (this.#rest + lines[0]).slice(0, this.max);
    this.#rest = lines.pop() ?? "";
    return lines;
  }
}
