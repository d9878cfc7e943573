import { attacks } from './realtime/attacks';
import { entering } from './realtime/entering';
import { mutants } from './realtime/mutants';
import { telling } from './realtime/telling';
import { Bench } from './support/bench';
import { provePromises } from './support/promises';
import { tell } from './support/realtime';

provePromises({
  schema: 'realtime',
  what: 'changes of rows',
  prepare: tell,
  bench: Bench,
  promises: [...entering, ...telling, ...attacks],
  mutants,
});
