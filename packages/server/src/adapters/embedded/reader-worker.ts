import { join } from 'node:path';
import type { ReaderRequests } from './messages.ts';
import { Reader } from './reader.ts';
import { LOG_FILE, openForReading } from './schema.ts';
import { reportingCorruption, serve } from './worker-host.ts';

type Requests = { [K in keyof ReaderRequests]: ReaderRequests[K]['request'] };

serve((news) => {
  let open: { reader: Reader; close: () => void } | null = null;

  function answer(reader: Reader, operation: string, argument: unknown): unknown {
    switch (operation) {
      case 'states':
        return reader.states(argument as Requests['states']);
      case 'read': {
        const { log, range, now } = argument as Requests['read'];
        return reader.read(log, range, now);
      }
      case 'inbox': {
        const { user, range, now } = argument as Requests['inbox'];
        return reader.readInbox(user, range, now);
      }
      case 'locate': {
        const { log, id, now } = argument as Requests['locate'];
        return reader.locate(log, id, now);
      }
      case 'cursor': {
        const { user, device } = argument as Requests['cursor'];
        return reader.cursor(user, device);
      }
      case 'get': {
        const { collection, key } = argument as Requests['get'];
        return reader.get(collection, key);
      }
      case 'list': {
        const { collection, prefix, after, limit } = argument as Requests['list'];
        return reader.list(collection, prefix, { after, limit });
      }
      default:
        throw new Error(`the reader does not know '${operation}'`);
    }
  }

  return (operation, argument) => {
    if (operation === 'open') {
      const db = openForReading(join((argument as Requests['open']).dir, LOG_FILE));
      open = { reader: new Reader(db, news), close: () => db.close() };
      return null;
    }
    if (operation === 'close') {
      open?.close();
      open = null;
      return null;
    }
    const reader = open?.reader;
    if (!reader) throw new Error('the log is not open');
    return reportingCorruption(news, () => answer(reader, operation, argument));
  };
});
