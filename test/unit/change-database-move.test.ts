import { describe, expect, test } from 'vitest';
import { databaseMove, requireStages } from '../../engine/change/database-move';
import { describe as planOf, isWorthTelling } from '../../engine/change/plan';
import { render } from '../../engine/change/show';
import type { Step } from '../../engine/change/steps';

const types = {
  volume: ['aws:ebs/volume:Volume', 'database-1'],
  attachment: ['aws:ec2/volumeAttachment:VolumeAttachment', 'database-1'],
  managed: ['aws:rds/instance:Instance', 'database-2'],
} as const;

type Part = keyof typeof types;
type Stage = 'server' | 'copying' | 'moved' | 'settled';

/** What there is at each stage, with what the engine's preview says of it. */
const stages: Readonly<Record<Stage, Partial<Record<Part, object>>>> = {
  server: { volume: {}, attachment: { stopInstanceBeforeDetaching: true } },
  copying: { volume: {}, attachment: { stopInstanceBeforeDetaching: true }, managed: {} },
  moved: { volume: {}, attachment: { stopInstanceBeforeDetaching: false }, managed: {} },
  settled: { managed: {} },
};
const stageNames = Object.keys(stages) as Stage[];

/** The steps from one stage to another, as the engine's preview has them. */
function steps(from: Stage, to: Stage): Step[] {
  const server = one('aws:ec2/instance:Instance', 'server', {}, {});
  const parts = (Object.keys(types) as Part[]).flatMap((part) => {
    const [type, name] = types[part];
    const [before, after] = [stages[from][part], stages[to][part]];
    return before || after ? [one(type, name, before, after)] : [];
  });
  return [server, ...parts];
}

function one(type: string, name: string, before?: object, after?: object): Step {
  const side = (inputs: object) => ({
    ...{ id: `id-${name}`, type, inputs: inputs as Record<string, unknown>, protect: false },
  });
  return {
    operation: before ? (after ? 'update' : 'delete') : 'create',
    urn: `urn:pulumi:prod::strata::strata:index:Platform$${type}::${name}`,
    type,
    name,
    ...(before && { before: side(before) }),
    ...(after && { after: side(after) }),
    because: [],
  };
}

describe('the way of a database from a server to RDS', () => {
  const ways = stageNames.flatMap((from) => stageNames.map((to) => [from, to] as const));

  test.each(ways)('is seen in a preview: %s → %s', (from, to) => {
    expect(databaseMove(steps(from, to))).toEqual(from === to ? undefined : { from, to });
  });

  test.each([
    ['server', 'moved', 'copying'],
    ['server', 'settled', 'copying'],
    ['copying', 'settled', 'moved'],
    ['moved', 'server', 'copying'],
  ] as const)('passes no stage over: %s → %s', (from, to, first) => {
    expect(() => {
      requireStages('prod', steps(from, to));
    }).toThrow(
      `The database of stack "prod" cannot go to "strata:aws.${to === 'server' ? 'database: vm' : `databaseMove: ${to}`}" at once; nothing was done. ` +
        `Deploy "strata:aws.databaseMove: ${first}" first: it says what comes next.`,
    );
  });

  test.each([
    ['server', 'copying'],
    ['copying', 'moved'],
    ['moved', 'settled'],
    ['moved', 'copying'],
    ['copying', 'server'],
  ] as const)('is taken step by step, either way: %s → %s', (from, to) => {
    requireStages('prod', steps(from, to));
  });

  test.each(['server', 'copying', 'moved'] as const)(
    'leads back nowhere once the volume with the rows is gone: settled → %s',
    (to) => {
      expect(() => {
        requireStages('prod', steps('settled', to));
      }).toThrow('a new database-1 would be empty, and people would write there');
    },
  );

  test('is not guessed from a preview that broke off', () => {
    for (const [from, to] of ways) {
      const [server, volume] = steps(from, to);
      const seen = [server, volume].filter((step) => step !== undefined);
      const found = databaseMove(seen.filter(({ operation }) => operation !== 'delete'));
      expect(found, `${from} → ${to}`).toBeUndefined();
    }
  });

  test('is told with what comes next and how to go back', () => {
    const copying = planOf(steps('server', 'copying'));
    expect(isWorthTelling(copying)).toBe(true);
    const said = render('prod', copying);
    expect(said).toContain('1. a database of RDS is made');
    expect(said).toContain('Next: npm run move-database -- plan --stack prod');
    expect(said).toContain('STRATA_DELETE_DATA=prod/database-2');

    const moved = render('prod', planOf(steps('copying', 'moved')));
    expect(moved).toContain('STRATA_DELETE_DATA=prod/database-1 npm run up -- --stack prod');
    // After the switch it is another server's rows.
    expect(moved).not.toContain('the same the other way');

    expect(render('prod', planOf(steps('moved', 'settled')))).toContain('There is no way back.');
  });
});
