import { describe, expect, test, vi } from 'vitest';
import type { Registered } from '../support/graph';
import { deploy as deployed, reached } from '../support/platform';

// What images are built from is no resource; two files of tests would write it to the same place.
vi.mock('../../components/targets/context', { spy: true });
const context = await import('../../components/targets/context');
vi.mocked(context.programContext).mockReturnValue({});
vi.mocked(context.writeContext).mockReturnValue();

const containerType = 'docker:index/container:Container';

function deploy(config: Record<string, unknown>): Promise<Registered[]> {
  return deployed({ target: 'docker', ...config }, false);
}

describe.each(['minimal', 'standard'] as const)('the order of preset %s', (preset) => {
  test('is network and volumes, database, schema, services, gateway', async () => {
    const all = await deploy({ preset });
    const named = (name: string): Registered => {
      const [found, ...others] = all.filter((resource) => resource.name === name);
      if (!found || others.length > 0) throw new Error(`not one resource is called ${name}`);
      return found;
    };
    const typed = (type: string): Registered[] => all.filter((resource) => resource.type === type);
    const missing = (from: Registered, wanted: readonly Registered[]): string[] => {
      const seen = reached(all, from);
      return wanted.filter(({ urn }) => !seen.has(urn)).map(({ name }) => name);
    };

    const database = all.find(({ type, name }) => type === containerType && name === 'database-1');
    const volume = all.find(({ type, name }) => type !== containerType && name === 'database-1');
    if (!database || !volume) throw new Error('no database');
    expect(missing(database, [named('network'), volume])).toEqual([]);

    const migrations = typed('strata:database:Migration');
    const schema = [
      ...migrations,
      ...typed('strata:database:Login'),
      ...typed('strata:tenancy:Table'),
    ];
    for (const migration of migrations) {
      expect(missing(migration, [named('database-1-ready'), named('cluster')])).toEqual([]);
    }
    const services = typed(containerType).filter(({ name }) => name !== 'database-1');
    for (const service of services) expect(missing(service, schema), service.name).toEqual([]);

    const behind = services.filter(({ name }) =>
      /^(graphql|guard|storage|functions)-1$/.test(name),
    );
    expect(
      missing(
        named('gateway-1'),
        behind.map(({ name }) => named(`${name}-ready`)),
      ),
    ).toEqual([]);
    // Nothing else waits for the way in.
    const after = services.filter((service) => !missing(service, [named('gateway-1')]).length);
    expect(after.map(({ name }) => name).sort()).toEqual(
      preset === 'minimal' ? [] : ['blackbox-exporter-1', 'nginx-exporter-1'],
    );
  });
});
