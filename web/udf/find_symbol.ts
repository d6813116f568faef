import type { Catalog } from "../../pipeline/catalog.ts";
import type { Instrument } from "../../pipeline/domain/instrument.ts";
import { unknownSymbol } from "../problem.ts";

/**
 * The instrument of a symbol, with or without its exchange: symbols may have a
 * colon of their own.
 *
 * @throws {ProblemError} If there is none.
 */
export function findUdfSymbol(catalog: Catalog, text: string): Instrument {
  const plain = catalog.get(text);
  if (plain !== undefined) return plain;
  const colon = text.indexOf(":");
  const exchange = text.slice(0, colon);
  const found = colon < 0 ? undefined : catalog.get(text.slice(colon + 1));
  if (found === undefined || found.exchange !== exchange) {
    throw unknownSymbol(text);
  }
  return found;
}
