const costMs = 50;

/** Takes 50 ms of CPU. */
export function costlyWork(): void {
  const { user, system } = process.cpuUsage();
  const end = user + system + costMs * 1_000;
  for (let now = 0; now < end;) {
    const used = process.cpuUsage();
    now = used.user + used.system;
  }
}
