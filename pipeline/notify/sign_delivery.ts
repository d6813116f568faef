const encoder = new TextEncoder();

/**
 * The signature of a delivery, as in `t=1764042300,v1=5f…`: HMAC-SHA256 of
 * `<t>.<body>`, so that an old delivery cannot be sent again as a new one.
 */
export async function signDelivery(
  body: string,
  secret: string,
  unixSeconds: number,
): Promise<string> {
  const key = await crypto.subtle.importKey(
    "raw",
    encoder.encode(secret),
    { name: "HMAC", hash: "SHA-256" },
    false,
    ["sign"],
  );
  const mac = await crypto.subtle.sign(
    "HMAC",
    key,
    encoder.encode(`${unixSeconds}.${body}`),
  );
  return `t=${unixSeconds},v1=${new Uint8Array(mac).toHex()}`;
}
