import { moveLines } from './database-move';
import { stackOption } from '../outputs';
import type { Phase, Plan } from './plan';

/** A plan as people read it. */
export function render(stack: string, plan: Plan): string {
  const { tier, phases, pause, serving, migrations, databaseMove } = plan;
  const title = tier ? `From tier ${tier.from} to ${tier.to}` : 'What changes';
  const lines = [
    `\n${title}, in this order:`,
    ...phases.flatMap((phase, at) => step(phase, at + 1, pause)),
    ...(migrations.length > 0 ? ['Migrations that are applied:', ...migrations.map(added)] : []),
    '',
    ...pauseLines(plan),
    ...(serving.length > 0 && pause ? [`Runs on: ${serving.join(', ')}.`] : []),
    keptLine(plan),
    ...(databaseMove ? moveLines(stack, databaseMove) : goingBack(stack, plan)),
  ];
  return lines.join('\n');
}

function step({ does }: Phase, number: number, pause: Plan['pause']): string[] {
  const mark =
    number === pause?.begins
      ? '  <- the pause begins'
      : number === pause?.ends
        ? '  <- it ends'
        : '';
  const [first = '', ...others] = does;
  return [`  ${String(number)}. ${first}${mark}`, ...others.map((what) => `     ${what}`)];
}

function added(name: string): string {
  return `  + ${name}.sql`;
}

function pauseLines({ pause, phases }: Plan): string[] {
  if (!pause) return ['No server stops. A service that changed is away while it is replaced.'];
  const { begins, ends, who, because } = pause;
  const takes = phases.some(({ kind }) => kind === 'stop')
    ? ': servers start, images are pulled and built.'
    : ', it is AWS that does it.';
  return [
    `${who} from step ${String(begins)} to the end of step ${String(ends)} (${because}). How long that takes is not known${takes}`,
  ];
}

function keptLine({ kept }: Plan): string {
  const ids = Object.entries(kept).filter(([, id]) => id !== 'password');
  const passwords = Object.keys(kept).length - ids.length;
  const named = ids.map(([name, id]) => (/^(?:vol|db)-/.test(id) ? `${name} (${id})` : name));
  return `Stay the very same: ${[...named, `${String(passwords)} passwords`].join(', ')}.`;
}

function goingBack(stack: string, { phases, pause, migrations, tier }: Plan): string[] {
  const up = `npm run up${stackOption(stack)}`;
  const back = `${tier ? `tier ${tier.from} in the config` : 'the config as it was'} and ${up}`;
  const removal = phases.findIndex(({ kind }) => kind === 'removal') + 1;
  const stages: [when: string, what: string][] = [];
  if (pause && pause.begins > 1) {
    const when = `before step ${String(pause.begins)}`;
    stages.push([when, `nothing that serves was touched; ${back} take away what was made.`]);
  }
  if (pause && removal > 0) {
    const when = `before step ${String(removal)}`;
    stages.push([
      when,
      `repair and ${up} goes on; ${back} give volumes back and start what was stopped.`,
    ]);
  }
  const rest = pause ? 'the same the other way, with a pause of its own' : 'the same the other way';
  const logs = removal > 0 ? ' Disks of removed servers (their logs) are gone.' : '';
  stages.push([removal > 0 ? 'afterwards' : 'at any time', `${back}: ${rest}.${logs}`]);
  const width = Math.max(...stages.map(([when]) => when.length));
  return [
    'Going back:',
    ...stages.map(([when, what]) => `  ${when.padEnd(width)}  ${what}`),
    ...(migrations.length > 0 ? ['  Migrations that were applied stay, whichever way.'] : []),
  ];
}
