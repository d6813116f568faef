/// <reference lib="deno.worker" />
import { HonestFeed } from "./attacks.ts";

let feed: HonestFeed | null = null;

self.onmessage = async ({ data: place }: MessageEvent<string | null>) => {
  if (place !== null) feed = new HonestFeed(place);
  else self.postMessage(await feed!.finish());
};
