import { read } from "../lib/read.ts";

export function Bad() {
  return <p>{read()}</p>;
}
