/** Processor time of this process so far, all its threads, ms to the microsecond. */
export function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}
