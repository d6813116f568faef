import { HttpError } from "fresh";
import { define } from "../../web/define.ts";

export const handler = define.handlers(() => {
  throw new HttpError(404);
});
