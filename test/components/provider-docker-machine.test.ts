import { describe, expect, test } from 'vitest';
import { machine, type DockerMachineInputs } from '../../provider/docker/machine';
import { problemsOf } from '../../provider/host/checking';
import { contextFor } from '../support/local';
import { engine, whyNoDocker } from '../support/docker';

const reason = await whyNoDocker();
const setting = 'strata:database.memory';

/** What is wrong with these inputs, and what is said besides. */
async function refused(inputs: DockerMachineInputs) {
  const said: string[] = [];
  const values = { ...inputs };
  const received = { values, secretProperties: new Set<string>(), secretTexts: new Set<string>() };
  const problems = await problemsOf(machine, received, undefined, contextFor('machine', said));
  return { problems, said };
}

describe.skipIf(reason)('the machine (a Docker engine)', () => {
  test('is refused when it has less memory than a setting gives away, with both', async () => {
    const { MemTotal } = (await engine.info()) as { MemTotal: number };
    const there = Math.floor(MemTotal / 1024 ** 2);
    expect(await refused({ memory: there, setting })).toEqual({ problems: [], said: [] });
    expect(await refused({ memory: there + 1, setting })).toEqual({
      problems: [
        {
          property: 'memory',
          reason:
            `strata:database.memory asks for ${there + 1}M, and the machine of the Docker engine has ${there}M in all, of ` +
            'which other services need some too: set it lower, or use a larger machine',
        },
      ],
      said: [],
    });
  });
});

test('a machine that does not answer is not refused, and a warning says so', async () => {
  const host = 'unix:///nowhere/docker.sock';
  const { problems, said } = await refused({ host, memory: 1, setting });
  expect(problems).toEqual([]);
  expect(said).toHaveLength(1);
  expect(said[0]).toContain('no Docker engine answers at unix:///nowhere/docker.sock');
});

test('a size that is no number of mebibytes is refused before anybody is asked', async () => {
  const host = 'unix:///nowhere/docker.sock';
  const { problems, said } = await refused({ host, memory: -1, setting });
  expect(problems.map(({ property }) => property)).toEqual(['memory']);
  expect(said).toEqual([]);
});
