import type { Frame } from "./frame.ts";
import type { PriceLine } from "./price_line.ts";

/** The chart's canvas as a picture, with a title where the legend is. */
export function exportPng(
  canvas: HTMLCanvasElement,
  frame: Frame,
  line: PriceLine,
  title: string,
): Promise<Blob> {
  const copy = document.createElement("canvas");
  copy.width = frame.width;
  copy.height = frame.height;
  const ctx = copy.getContext("2d")!;
  ctx.drawImage(canvas, 0, 0);
  line.paintOn(ctx, frame);
  ctx.fillStyle = frame.theme.textStrong;
  ctx.font = `600 ${13 * frame.dpr}px ${frame.fontFamily}`;
  ctx.textBaseline = "top";
  ctx.fillText(title, 10 * frame.dpr, 10 * frame.dpr);
  return new Promise((resolve, reject) => {
    copy.toBlob((blob) => {
      if (blob) resolve(blob);
      else reject(new Error("Cannot export the chart as it has no size"));
    }, "image/png");
  });
}
