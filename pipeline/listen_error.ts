/** Nothing can be served or taken at an address, in words for a person. */
export class ListenError extends Error {
  override name = "ListenError";

  /** `action` as in "serve"; `address` as in `127.0.0.1:8000`. */
  constructor(
    action: string,
    address: string,
    override readonly cause: Error & { readonly code?: string },
  ) {
    const wanted = WANTED[cause.code ?? ""];
    super(
      `Cannot ${action} on ${address} as it must be ` +
        (wanted ?? `an address of this machine: ${cause.message}`),
    );
  }
}

const WANTED: Readonly<Record<string, string>> = {
  EADDRINUSE: "a free port, and another program uses it",
  EADDRNOTAVAIL: "an address of this machine",
  EACCES: "a port that this user may use",
};
