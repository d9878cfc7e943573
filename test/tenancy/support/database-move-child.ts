import { moveDatabases } from '../../../provider/database-move/move';
import type { Ends } from '../../../provider/database-move/ends';
import type { Tools } from '../../../provider/database-move/tools';

/** A move in a process of its own, which stands still at a step until it is killed. */
const { ends, tools, step } = JSON.parse(process.argv.at(-1) ?? '') as {
  ends: Ends;
  tools: Tools;
  step: string;
};

void moveDatabases(ends, {
  tools,
  tell: (message) => {
    if (!message.includes(step)) return undefined;
    process.stdout.write(`at ${message}\n`);
    setInterval(() => undefined, 60_000);
    return new Promise<never>(() => undefined);
  },
});
