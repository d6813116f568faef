/** Where a request comes from, as the server has it. */
export function clientAddress(info: Deno.ServeHandlerInfo): string {
  const { remoteAddr } = info;
  return "hostname" in remoteAddr ? remoteAddr.hostname : "unknown";
}
