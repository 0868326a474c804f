import { openOperator, type Operator, type OperatorState } from '@konferenco/client/operator';
import { useEffect, useState } from 'react';
import { useApp, useStore } from '../../state/app.ts';

export interface Watched extends OperatorState {
  readonly operator: Operator;
}

/** The system as long as the page is seen; nothing is asked while it is hidden. */
export function useOperator(): Watched {
  const { client } = useApp();
  const [operator] = useState(() => openOperator({ client }));
  useEffect(() => {
    const turn = (): void => (document.hidden ? operator.pause() : operator.watch());
    turn();
    document.addEventListener('visibilitychange', turn);
    return () => {
      document.removeEventListener('visibilitychange', turn);
      operator.pause();
    };
  }, [operator]);
  return { operator, ...useStore(operator) };
}

/** Unix ms of this device, renewed every second while `ticking`. */
export function useSeconds(ticking: boolean): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    if (!ticking) return;
    const timer = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, [ticking]);
  return now;
}
