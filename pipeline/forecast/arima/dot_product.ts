/** Sum of products, in two sums that do not wait for each other. */
export function dot(a: Float64Array, b: Float64Array): number {
  const n = a.length;
  let even = 0;
  let odd = 0;
  let t = 0;
  for (; t + 1 < n; t += 2) {
    even += a[t] * b[t];
    odd += a[t + 1] * b[t + 1];
  }
  if (t < n) even += a[t] * b[t];
  return even + odd;
}
