/** Seconds of processor time so far of these processes, all threads. */
export function cpuSeconds(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => {
    const stat = procText(pid, "stat");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const ticks = Number(fields[11]) + Number(fields[12]);
    return sum + (Number.isFinite(ticks) ? ticks / 100 : 0);
  }, 0);
}

/**
 * A file of a process in `/proc`; empty if it has ended.
 *
 * Deno itself reads other processes' files with all permissions only.
 */
export function procText(pid: number, file: string): string {
  const { stdout } = new Deno.Command("cat", {
    args: [`/proc/${pid}/${file}`],
    stderr: "null",
  }).outputSync();
  return new TextDecoder().decode(stdout);
}
