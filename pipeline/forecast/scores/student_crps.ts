import { logBeta, studentCdf, studentDensity } from "./student_t.ts";

/**
 * Continuous ranked probability score of Student's t with `df` degrees of
 * freedom around 0, scaled to a standard deviation of `sd`, when `error` came:
 * the integral of (F(x) - [x >= error])^2, in the unit of the error. Smaller
 * is better; with a spread of 0 it is the absolute error.
 *
 * Source: Gneiting & Raftery (2007); the closed form is in Jordan, Krüger &
 * Lerch (2019), appendix A.
 */
export function studentCrps(error: number, sd: number, df: number): number {
  const scale = sd * Math.sqrt((df - 2) / df);
  if (!(scale > 0)) return Math.abs(error);
  const z = error / scale;
  const ends = 2 * Math.sqrt(df) / (df - 1) *
    Math.exp(logBeta(0.5, df - 0.5) - 2 * logBeta(0.5, df / 2));
  return scale * (z * (2 * studentCdf(z, df) - 1) +
    2 * studentDensity(z, df) * (df + z * z) / (df - 1) - ends);
}
