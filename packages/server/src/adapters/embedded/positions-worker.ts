import { serve } from './worker-host.ts';
import { answerWith } from './positions-answer.ts';
import type { PositionRequests } from './positions-messages.ts';
import { PositionsTable } from './positions-table.ts';

serve(() => {
  let table: PositionsTable | null = null;
  return (operation, argument) => {
    if (operation === 'open') {
      table = new PositionsTable((argument as PositionRequests['open']['request']).path);
      return null;
    }
    if (!table) throw new Error('the positions are not open');
    return answerWith(table, operation as Exclude<keyof PositionRequests, 'open'>, argument as never);
  };
});
