/// <reference lib="deno.worker" />
import { type Target, Visitor } from "./attacks.ts";

let visitor: Visitor | null = null;

self.onmessage = async ({ data }: MessageEvent<Target | "leave">) => {
  if (data !== "leave") visitor = new Visitor(data);
  else self.postMessage(await visitor!.leave());
};
