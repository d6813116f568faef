/**
 * No chart: a fixed amount of drawing and of plain script a frame, to compare
 * machines by. About 11 ms on two cores of a small server without a GPU.
 */
import type { Subject } from "./subject.ts";

const BOXES = 3_000;
const WORDS = 120;
const SUMS = 400_000;

class Calibration implements Subject {
  #ctx: CanvasRenderingContext2D | null = null;
  #frame = 0;
  #waits = false;
  #sums = new Float64Array(4_096);

  load(): void {
    const canvas = document.createElement("canvas");
    canvas.width = innerWidth * devicePixelRatio;
    canvas.height = innerHeight * devicePixelRatio;
    canvas.style.width = "100%";
    canvas.style.height = "100%";
    document.getElementById("host")!.replaceChildren(canvas);
    this.#ctx = canvas.getContext("2d", { alpha: false })!;
  }

  tick(): void {
    if (this.#waits) return;
    this.#waits = true;
    requestAnimationFrame(() => {
      this.#waits = false;
      this.#draw();
    });
  }

  candle(): void {
    this.tick();
  }

  pan(): void {
    this.tick();
  }

  zoom(): void {
    this.tick();
  }

  destroy(): void {
    document.getElementById("host")!.replaceChildren();
  }

  #draw(): void {
    const ctx = this.#ctx!;
    const { width, height } = ctx.canvas;
    const sums = this.#sums;
    for (let i = 0; i < SUMS; i++) {
      sums[i & 4_095] = sums[(i * 7) & 4_095] * 0.5 + Math.sqrt(i);
    }
    ctx.fillStyle = "#0e1318";
    ctx.fillRect(0, 0, width, height);
    const shift = ++this.#frame % 50;
    for (let i = 0; i < BOXES; i++) {
      if (i % 500 === 0) ctx.fillStyle = i % 1_000 ? "#26a69a" : "#ef5350";
      ctx.fillRect(i * 37 % width, (i * 91 + shift) % height, 6, 14);
    }
    ctx.fillStyle = "#93a1af";
    ctx.font = "12px sans-serif";
    for (let i = 0; i < WORDS; i++) {
      ctx.fillText("24,105.20", i * 83 % width, (i * 53 + shift) % height);
    }
  }
}

globalThis.subject = new Calibration();
