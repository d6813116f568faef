/**
 * Tries what a program that was broken into would try, and prints what came of
 * each: `refused`, or what it could do. Run by a test, as `main.ts` is run.
 */
const [secretName, listedFolder] = Deno.args;

const ACTS: Readonly<Record<string, () => unknown>> = {
  "start a program": () => new Deno.Command("/bin/true").output(),
  "end another process": () => Deno.kill(Deno.ppid, "SIGCONT"),
  "load a library": () => Deno.dlopen("/lib/x86_64-linux-gnu/libc.so.6", {}),
  "read the users of the machine": () => Deno.readTextFile("/etc/passwd"),
  "read another process": () => Deno.readTextFile(`/proc/${Deno.ppid}/environ`),
  "climb out of a folder that it may read": () =>
    Deno.readTextFile(`${listedFolder}/../../../../etc/passwd`),
  "write into its own code": () => Deno.writeTextFile("main.ts", ""),
  "write elsewhere": () => Deno.writeTextFile("/tmp/tickhouse-forbidden", ""),
  "lead a link out of its folder": () =>
    Deno.symlink("/etc/passwd", `${listedFolder}/link`),
  "ask the cloud for credentials": () =>
    fetch("http://169.254.169.254/latest/meta-data/"),
  "talk to a Redis that it was not given": () =>
    Deno.connect({ hostname: "127.0.0.1", port: 6379 }),
  "listen where it was not told to": () =>
    Deno.listen({ hostname: "127.0.0.1", port: 1_081 }).close(),
  // Put together, so that it is asked for here and not when this is loaded.
  "load code from elsewhere": () =>
    import(["https:", "", "esm.sh", "left-pad@1.3.0"].join("/")),
  "run a text as code": () => new Function("return 1")(),
  "learn of the machine": () => Deno.networkInterfaces(),
};

const outcomes: Record<string, string> = {};
for (const [name, act] of Object.entries(ACTS)) {
  try {
    await act();
    outcomes[name] = "it could";
  } catch (error) {
    const refused = error instanceof Deno.errors.NotCapable ||
      error instanceof EvalError || /--no-remote/.test(String(error)) ||
      /NotCapable|Requires \w+ access/.test(String(error));
    outcomes[name] = refused ? "refused" : String(error);
  }
}
outcomes["read a secret of the environment"] = Deno.env.get(secretName) ===
      undefined && !(secretName in Deno.env.toObject())
  ? "refused"
  : "it could";
console.log(JSON.stringify(outcomes));
