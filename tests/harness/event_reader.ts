/** One event of a stream. */
export interface Message {
  event: string;
  /** The last that the stream has given, as browsers keep it. */
  id: string;
  // deno-lint-ignore no-explicit-any
  data: any;
}

/** Reads messages of a stream; comments are left out but counted. */
export class EventReader {
  comments = 0;
  #reader: ReadableStreamDefaultReader<Uint8Array>;
  #text = "";
  #id = "";

  constructor(readonly response: Response) {
    this.#reader = response.body!.getReader();
  }

  async next(): Promise<Message | null> {
    for (;;) {
      const end = this.#text.indexOf("\n\n");
      if (end >= 0) {
        const block = this.#text.slice(0, end);
        this.#text = this.#text.slice(end + 2);
        if (block.startsWith(":")) this.comments++;
        const fields = Object.fromEntries(
          block.split("\n").map((line) => {
            const colon = line.indexOf(": ");
            return [line.slice(0, colon), line.slice(colon + 2)];
          }),
        );
        this.#id = fields.id ?? this.#id;
        if (fields.event === undefined) continue;
        return {
          event: fields.event,
          id: this.#id,
          data: JSON.parse(fields.data),
        };
      }
      const { done, value } = await this.#reader.read();
      if (done) return null;
      this.#text += new TextDecoder().decode(value);
    }
  }

  leave(): Promise<void> {
    return this.#reader.cancel();
  }
}
