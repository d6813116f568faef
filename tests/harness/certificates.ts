/** Files in PEM of a server on this machine, and of who vouches for it. */
export interface Certificates {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  /** Of an authority that vouches for nobody here. */
  readonly otherCa: string;
}

/** Makes an authority and a certificate of localhost and 127.0.0.1, by openssl. */
export async function certificatesIn(dir: string): Promise<Certificates> {
  const at = (name: string) => `${dir}/${name}`;
  for (const name of ["ca", "other"]) {
    await openssl(
      ...["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"],
      ...["-subj", `/CN=Tickhouse test ${name}`],
      ...["-addext", "basicConstraints=critical,CA:TRUE"],
      ...["-keyout", at(`${name}.key`), "-out", at(`${name}.crt`)],
    );
  }
  await openssl(
    ...["req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost"],
    ...["-keyout", at("server.key"), "-out", at("server.csr")],
  );
  await Deno.writeTextFile(
    at("server.ext"),
    "subjectAltName=DNS:localhost,IP:127.0.0.1\n" +
      "basicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth,clientAuth\n",
  );
  await openssl(
    ...["x509", "-req", "-days", "2", "-in", at("server.csr")],
    ...["-CA", at("ca.crt"), "-CAkey", at("ca.key"), "-CAcreateserial"],
    ...["-extfile", at("server.ext"), "-out", at("server.crt")],
  );
  if (Deno.uid() === 0) {
    // PostgreSQL runs as another user here, and wants its key for itself.
    await run("chown", "-R", "postgres", dir);
  }
  await run("chmod", "755", dir);
  return {
    ca: at("ca.crt"),
    cert: at("server.crt"),
    key: at("server.key"),
    otherCa: at("other.crt"),
  };
}

function openssl(...args: readonly string[]): Promise<void> {
  return run("openssl", ...args);
}

async function run(program: string, ...args: readonly string[]) {
  const { success, stderr } = await new Deno.Command(program, {
    args: [...args],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).output();
  if (success) return;
  throw new Error(`${program}: ${new TextDecoder().decode(stderr)}`);
}
