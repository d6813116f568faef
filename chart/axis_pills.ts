import { clampToPane, type Frame, pricePillBox, yOf } from "./frame.ts";

/** A box on the price axis that nothing may cover. */
export interface Box {
  readonly top: number;
  readonly bottom: number;
}

/** The label of a level; `y` is the row of its line. */
export interface LevelPill extends Box {
  readonly y: number;
  readonly label: string;
  readonly title: string;
}

/**
 * Where the labels of the levels in sight stand: at their lines, or as near to
 * them as the last price and the labels nearer to it leave room, in the order
 * of their prices. Where the axis is full, those farthest out have none.
 */
export function placeLevels(
  frame: Frame,
  levels: readonly { readonly price: number; readonly title: string }[],
  labelOf: (price: number) => string,
): readonly LevelPill[] {
  const height = Math.round(frame.fontPx * frame.dpr * 1.5);
  const gap = frame.hair;
  const max = frame.plotBottom - height;
  const inSight = levels
    .map(({ price, title }) => ({ y: yOf(frame, price), price, title }))
    .filter(({ y }) => y === clampToPane(frame, y))
    .sort((a, b) => a.y - b.y);
  const middle = frame.lastPrice
    ? yOf(frame, frame.lastPrice.price)
    : frame.priceTop;
  const price = pricePillBox(frame);
  const pills: LevelPill[] = [];
  const place = (top: number, { y, price, title }: typeof inSight[number]) => {
    if (top < 0 || top > max) return;
    pills.push({ top, bottom: top + height, y, label: labelOf(price), title });
  };
  let end = price?.top ?? middle;
  for (const level of inSight.filter(({ y }) => y < middle).reverse()) {
    end = Math.min(Math.round(level.y - height / 2), end - gap - height);
    place(end, level);
  }
  let start = price?.bottom ?? middle;
  for (const level of inSight.filter(({ y }) => y >= middle)) {
    const top = Math.max(Math.round(level.y - height / 2), start + gap);
    place(top, level);
    start = top + height;
  }
  return pills;
}

/** Every box on the axis, the last price's first. */
export function axisBoxes(frame: Frame): readonly Box[] {
  const price = pricePillBox(frame);
  return price ? [price, ...frame.levels] : frame.levels;
}

/**
 * The top of a box around row `y` that covers none of those taken: the nearest
 * free place above or below, or null when the axis is full.
 */
export function freeTop(
  frame: Frame,
  taken: readonly Box[],
  y: number,
  height: number,
): number | null {
  const gap = frame.hair;
  const max = frame.plotBottom - height;
  const wanted = Math.min(Math.max(0, Math.round(y - height / 2)), max);
  const isFree = (top: number) =>
    top >= 0 && top <= max &&
    taken.every((box) =>
      top + height + gap <= box.top || top >= box.bottom + gap
    );
  const places = [
    wanted,
    ...taken.flatMap((box) => [box.top - gap - height, box.bottom + gap]),
  ];
  let best: number | null = null;
  for (const top of places) {
    if (!isFree(top)) continue;
    if (best === null || Math.abs(top - wanted) < Math.abs(best - wanted)) {
      best = top;
    }
  }
  return best;
}
