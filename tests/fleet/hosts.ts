/** Machines of a test's own: network namespaces, joined by a bridge. */
import { findProgram } from "../harness/servers/installed.ts";

export const findIp = () => findProgram("ip", ["/usr/sbin", "/sbin"]);

/** Root alone may make hosts. */
export const asRoot = (find: () => string | null) => () =>
  Deno.uid() === 0 ? find() : null;

export interface Host {
  readonly name: string;
  readonly address: string;
  /** What runs a program there. */
  readonly under: readonly string[];
  /** Nothing goes in or out any more, and nobody is told. */
  cut(): Promise<void>;
  heal(): Promise<void>;
}

export interface Hosts {
  readonly all: readonly Host[];
  /** This machine, as the hosts reach it. */
  readonly here: string;
  /** Removes them; what runs there must have ended. */
  close(): Promise<void>;
}

/** Makes so many hosts; root alone may. */
export async function makeHosts(count: number): Promise<Hosts> {
  const id = crypto.getRandomValues(new Uint16Array(1))[0];
  const name = `th${id.toString(16).padStart(4, "0")}`;
  // Of those that are private, where few networks are.
  const net = `10.${64 + (id >> 8) % 128}.${id & 255}`;
  const here = `${net}.254`;
  const bridge = `${name}b`;
  const made: string[] = [];
  const close = async () => {
    for (const host of made) {
      await ip("link", "del", `${host}v`).catch(() => {});
      await ip("netns", "del", host).catch(() => {});
    }
    await ip("link", "del", bridge).catch(() => {});
  };
  try {
    await ip("link", "add", bridge, "type", "bridge");
    await ip("addr", "add", `${here}/24`, "dev", bridge);
    await ip("link", "set", bridge, "up");
    const all: Host[] = [];
    for (let i = 1; i <= count; i++) {
      const host = `${name}h${i}`;
      const [veth, address] = [`${host}v`, `${net}.${i}`];
      made.push(host);
      await ip("netns", "add", host);
      await ip(
        ...["link", "add", veth, "type", "veth", "peer", "name", "eth0"],
        ...["netns", host],
      );
      await ip("link", "set", veth, "master", bridge, "up");
      await ip("-n", host, "addr", "add", `${address}/24`, "dev", "eth0");
      await ip("-n", host, "link", "set", "eth0", "up");
      await ip("-n", host, "link", "set", "lo", "up");
      all.push({
        name: host,
        address,
        under: ["ip", "netns", "exec", host],
        cut: () => ip("link", "set", veth, "down"),
        heal: () => ip("link", "set", veth, "up"),
      });
    }
    return { all, here, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function ip(...args: readonly string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command("ip", {
    args: [...args],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).output();
  if (success) return;
  const said = new TextDecoder().decode(stderr).trim();
  throw new Error(`Cannot do "ip ${args.join(" ")}": ${said}`);
}
