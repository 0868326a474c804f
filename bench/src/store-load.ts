import type { Command } from '../../packages/core/src/ports/store.ts';

export const LOGS = 300;
export const ENVELOPE_BYTES = 350;
export const EXPIRES = 4_000_000_000_000;

export interface Workload {
  readonly name: string;
  readonly callers: number;
  readonly direct: boolean;
}

interface Message {
  readonly log: number;
  readonly id: string;
  readonly sender: string;
  readonly text: string;
  readonly envelope: string;
}

/** The `n`th message, the same work to make on either side. */
export function messageOf(n: number): Message {
  const id = Bun.randomUUIDv7();
  const text = `message ${n} about the next talk in hall ${n % 7}`;
  const sender = `user-${n % 997}`;
  const head = `{"id":"${id}","type":"chat","sender":"${sender}","payload":{"text":"${text}"},"signature":"`;
  return {
    log: (n * 7_919) % LOGS,
    id,
    sender,
    text,
    envelope: `${head}${'s'.repeat(ENVELOPE_BYTES - head.length - 2)}"}`,
  };
}

export function commandOf(n: number, direct: boolean): Command {
  const { log, id, sender, text, envelope } = messageOf(n);
  const base = { id, sender, envelope, text, expires_at: EXPIRES };
  if (!direct) return { appends: [{ ...base, log: `ch:room-${log}` }] };
  const notify = [
    { user: `left-${log}`, reason: 'direct' as const },
    { user: `right-${log}`, reason: 'direct' as const },
  ];
  return { appends: [{ ...base, log: `dm:left-${log}:right-${log}`, notify }] };
}

function summary(rates: readonly number[]): { median: number; spread: string } {
  const sorted = rates.toSorted((a, b) => a - b);
  const [low = 0] = sorted;
  const high = sorted.at(-1) ?? 0;
  return { median: sorted[sorted.length >> 1] ?? 0, spread: `${count(low)}–${count(high)}` };
}

export function count(rate: number): string {
  return Math.round(rate).toLocaleString('en');
}

/** One line of the table: medians, their spread, and what the one is of the other, taken round by round. */
export function comparison(name: string, ours: readonly number[], bare: readonly number[]): string {
  const [mine, plain] = [summary(ours), summary(bare)];
  const ratios = ours.map((rate, round) => rate / (bare[round] ?? rate)).toSorted((a, b) => a - b);
  const percent = (place: number) => Math.round((ratios[place] ?? 0) * 100);
  const ratio = `${percent(ratios.length >> 1)} % (${percent(0)}–${percent(ratios.length - 1)})`;
  return `| ${name} | ${count(mine.median)} (${mine.spread}) | ${count(plain.median)} (${plain.spread}) | ${ratio} |`;
}
