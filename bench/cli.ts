import { parseArgs } from 'node:util';
import { render, type Table } from './figures';
import { gateway } from './gateway';
import { guard } from './guard';
import { load } from './load';
import { preview } from './preview';
import { tenancy } from './tenancy';
import { unchanged, up } from './up';

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    only: { type: 'string' },
    quick: { type: 'boolean', default: false },
  },
});

/** What can be measured, by the name behind `npm run bench --`. */
const benchmarks: Readonly<Record<string, () => Promise<Table>>> = {
  load,
  guard,
  gateway,
  preview,
  up,
  unchanged,
  tenancy: () => tenancy({ only: values.only, quick: values.quick }),
};

const benchmark = benchmarks[positionals[0] ?? ''];
if (benchmark) {
  void benchmark().then((table) => {
    process.stdout.write(`${values.json ? JSON.stringify(table, null, 2) : render(table)}\n`);
  });
} else {
  process.stderr.write(
    `There is no benchmark "${positionals[0] ?? ''}". Run: npm run bench -- NAME [--json] [--only PART] [--quick], ` +
      `with NAME one of ${Object.keys(benchmarks).join(', ')}\n`,
  );
  process.exitCode = 2;
}
