/**
 * Seconds of processor time so far of these processes, all threads, with that
 * of their children which have ended.
 */
export function cpuSeconds(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => {
    const stat = procText(pid, "stat");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const ticks = fields.slice(11, 15).map(Number)
      .reduce((all, one) => all + one, 0);
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
