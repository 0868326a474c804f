import { Refused } from '../accounts/refused.ts';
import type { OperatorConsole } from '../operator/console.ts';
import type { Handlers, HttpDeps } from './handler.ts';
import { Buckets } from './limits.ts';

/** Wishes of one operator, beside the rate of all their requests. */
const ACTION_RATE = { burst: 10, per_s: 0.2 };

const HOURS = 3;

/** The operator's console. That the caller is one was checked with the token. */
export function operatorHandlers(deps: HttpDeps): Handlers<'operator' | 'operatorMessages' | 'drainNode' | 'openNode'> {
  const counted = { name: 'operator', rate: ACTION_RATE, clock: deps.context.clock, shared: deps.requestRates };
  const actions = (deps.rateLimits ?? true) ? new Buckets(counted) : null;
  const desk = (): OperatorConsole => {
    if (!deps.operator) throw new Refused('not_found', { detail: 'This server has no console.' });
    return deps.operator;
  };
  return {
    operator: ({ query }) => desk().view(query),

    operatorMessages: ({ query }) => desk().messages(query.hours ?? HOURS),

    async drainNode({ identity, params }) {
      await actions?.take(identity.user);
      desk().drain(params.node, identity.user);
      return { asked: true };
    },

    async openNode({ identity, params }) {
      await actions?.take(identity.user);
      desk().open(params.node, identity.user);
      return { asked: true };
    },
  };
}
