import { serve } from '../worker-host.ts';

/** Answers what it is asked, fails when told, and dies when told. */
serve(() => (operation, argument) => {
  switch (operation) {
    case 'fail':
      throw new Error('as asked');
    case 'die':
      process.exit(3);
      break;
    default:
      return argument;
  }
});
