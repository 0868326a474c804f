import { Globe, Lock, Megaphone } from 'lucide-react';
import type { Reach } from './audience.ts';

/** A lock for what is private, a globe for what all may read, a megaphone for announcements. Words stand beside it. */
export function ReachIcon({ reach, size = 16 }: { readonly reach: Reach; readonly size?: number }) {
  const Icon = { public: Globe, announce: Megaphone, private: Lock, direct: Lock }[reach];
  return <Icon size={size} aria-hidden />;
}
