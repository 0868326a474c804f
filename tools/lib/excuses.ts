/** What of a machine an excuse may be proved by. */
export interface Machine {
  readonly platform: string;
  /** Of the user that runs the tests; `undefined` where there are no such ids. */
  readonly uid: number | undefined;
}

interface Excuse {
  /** Why the test cannot run, for people to read. It ends the title of a test that is left out. */
  readonly reason: string;
  /** Whether it is so on this machine. */
  readonly holds: (machine: Machine) => boolean;
}

/** Every reason for which a test may be left out. Root on Linux has none: there each test runs. */
export const EXCUSES = {
  small_disk: {
    reason: 'needs root on Linux to mount a small file system',
    holds: ({ platform, uid }) => platform !== 'linux' || uid !== 0,
  },
} as const satisfies Record<string, Excuse>;

export type Need = keyof typeof EXCUSES;

export function thisMachine(): Machine {
  return { platform: process.platform, uid: process.getuid?.() };
}

/** Why what has this need is left out on a machine; `null`: it runs. */
export function excuseFor(need: Need, machine: Machine): string | null {
  const { reason, holds } = EXCUSES[need];
  return holds(machine) ? reason : null;
}

/** The title of a test that is left out. */
export function leftOut(title: string, reason: string): string {
  return `${title} (${reason})`;
}

/** The reason in the title of a test that was left out, if it is one that holds on the machine; else `null`. */
export function provenExcuse(title: string, machine: Machine): string | null {
  const reasons = Object.values<Excuse>(EXCUSES).filter(({ holds }) => holds(machine));
  return reasons.find(({ reason }) => title.endsWith(` (${reason})`))?.reason ?? null;
}
