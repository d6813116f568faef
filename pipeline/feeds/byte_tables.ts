/** 1 for bytes that a symbol may contain, and that it may start with. */
export const SYMBOL_BYTE = new Uint8Array(256);
export const SYMBOL_START = new Uint8Array(256);

for (let b = 0; b < 128; b++) {
  const char = String.fromCharCode(b);
  if (/[A-Za-z0-9]/.test(char)) SYMBOL_START[b] = 1;
  if (/[A-Za-z0-9._:/-]/.test(char)) SYMBOL_BYTE[b] = 1;
}

export const POWERS_OF_TEN = new Float64Array([
  1,
  1e1,
  1e2,
  1e3,
  1e4,
  1e5,
  1e6,
  1e7,
  1e8,
]);
