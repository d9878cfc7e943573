import { guard } from './guard';
import { load } from './load';

/** What can be measured, by the name behind `npm run bench --`. */
const benchmarks: Readonly<Record<string, () => Promise<void>>> = { guard, load };

const [name = ''] = process.argv.slice(2);
const benchmark = benchmarks[name];
if (benchmark) {
  void benchmark();
} else {
  const known = Object.keys(benchmarks).join(', ');
  process.stderr.write(
    `There is no benchmark "${name}". Run: npm run bench -- NAME, with NAME one of ${known}\n`,
  );
  process.exitCode = 2;
}
