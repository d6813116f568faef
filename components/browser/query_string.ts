/** Fields as the part of an address after `?`. */
export function queryString(fields: Readonly<Record<string, string>>): string {
  return new URLSearchParams(fields).toString();
}
