import { Indexer } from './indexer.ts';
import type { IndexerRequests } from './messages.ts';
import { serve } from './worker-host.ts';

type Requests = { [K in keyof IndexerRequests]: IndexerRequests[K]['request'] };

serve((news) => {
  let indexer: Indexer | null = null;
  return (operation, argument) => {
    if (operation === 'open') {
      indexer = new Indexer((argument as Requests['open']).dir, news);
      return indexer.advance();
    }
    if (!indexer) throw new Error('the search index is not open');
    switch (operation) {
      case 'advance':
        return indexer.advance();
      case 'search': {
        const { query, now } = argument as Requests['search'];
        return indexer.search(query, now);
      }
      case 'close':
        indexer.close();
        indexer = null;
        return null;
      default:
        throw new Error(`the indexer does not know '${operation}'`);
    }
  };
});
