/** What somebody else wrote, without what a terminal acts on. */
export function plain(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.replaceAll(/[\x00-\x1f\x7f-\x9f]/g, "\ufffd");
}

/** The HTTP API of a running program. */
export class ProgramApi {
  constructor(
    private readonly options: {
      readonly url: URL;
      /** The program's `API_TOKEN`, if it has one. */
      readonly token: string | undefined;
      readonly signal: AbortSignal;
    },
  ) {}

  /** @throws {Error} If there is no answer, or it is an error. */
  async json(
    path: string,
    parameters: Readonly<Record<string, string | number>> = {},
    // deno-lint-ignore no-explicit-any -- its shape is the API's word
  ): Promise<any> {
    const query = new URLSearchParams(
      Object.entries(parameters).map(([name, value]) => [name, String(value)]),
    );
    const response = await this.fetch(`${path}?${query}`, {});
    return await response.json();
  }

  /** @throws {Error} If there is no answer, or it is an error. */
  async fetch(path: string, init: RequestInit): Promise<Response> {
    const { url, token, signal } = this.options;
    const headers = new Headers(init.headers);
    if (token) headers.set("Authorization", `Bearer ${token}`);
    const response = await fetch(new URL(path, url), {
      ...init,
      headers,
      signal,
    }).catch((cause) => {
      throw new Error(`Cannot reach ${url.origin} as ${cause.message}`, {
        cause,
      });
    });
    if (response.ok) return response;
    const problem = await response.json().catch(() => null);
    throw new Error(
      `${url.origin} answered ${response.status}: ` +
        plain(String(problem?.detail ?? response.statusText)),
    );
  }
}
