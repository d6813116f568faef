import { z } from "zod";
import { choice } from "./read_query.ts";

/** Parameters of `/api/audit`. */
export const auditQuery = z.object({
  full: choice("0", "1").default("0").describe(
    "1 counts every row anew, which takes its time",
  ),
});
