import { attacks } from './outbox/attacks';
import { entering } from './outbox/entering';
import { handingOut } from './outbox/handing-out';
import { mutants } from './outbox/mutants';
import { OutboxBench, watch, watcher } from './support/outbox';
import { provePromises } from './support/promises';

provePromises({
  schema: 'outbox',
  what: 'events of the outbox',
  prepare: (server, database) =>
    watch(server, database, [
      watcher('notes', 'app.notes'),
      watcher('projects', 'app.projects'),
      watcher('drafts', 'app.drafts'),
    ]),
  bench: OutboxBench,
  promises: [...entering, ...handingOut, ...attacks],
  mutants,
});
