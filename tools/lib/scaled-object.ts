import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NodeWindow } from '@konferenco/core';
import { parse, stringify } from 'yaml';
import { ROOT } from './files.ts';

const TEMPLATE = 'deploy/kubernetes/components/keda/scaled-object.yaml';

export interface ScalingBounds {
  /** IANA name; the cron times are of this zone. */
  readonly timeZone: string;
  readonly least: number;
  readonly most: number;
}

/**
 * The shipped ScaledObject with a cron trigger for each window. KEDA takes the most that any trigger asks for.
 *
 * A cron expression knows no year: apply it anew each year, or drop what is over.
 */
export function scaledObject(windows: readonly NodeWindow[], { timeZone, least, most }: ScalingBounds): string {
  const template = parse(readFileSync(join(ROOT, TEMPLATE), 'utf8')) as {
    spec: { minReplicaCount: number; maxReplicaCount: number; triggers: unknown[] };
  };
  template.spec.minReplicaCount = least;
  template.spec.maxReplicaCount = most;
  for (const { from, until, nodes } of windows) {
    const metadata = {
      timezone: timeZone,
      start: cronTime(from, timeZone),
      end: cronTime(until, timeZone),
      desiredReplicas: String(nodes),
    };
    template.spec.triggers.push({ type: 'cron', metadata });
  }
  return stringify(template, { lineWidth: 0 });
}

/** Minute, hour, day and month of a moment (Unix ms) in a zone. */
function cronTime(at: number, timeZone: string): string {
  const parts = new Intl.DateTimeFormat('en', {
    timeZone,
    hourCycle: 'h23',
    minute: 'numeric',
    hour: 'numeric',
    day: 'numeric',
    month: 'numeric',
  }).formatToParts(at);
  const value = (type: Intl.DateTimeFormatPartTypes) => Number(parts.find((part) => part.type === type)?.value);
  return `${value('minute')} ${value('hour')} ${value('day')} ${value('month')} *`;
}
