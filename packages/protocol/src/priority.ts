export type Priority = 'low' | 'normal' | 'high' | 'critical';

/** Lower number, more urgent: the order in which waiting messages leave a queue. */
export const PRIORITY_RANK: Readonly<Record<Priority, number>> = { critical: 0, high: 1, normal: 2, low: 3 };
