import { describe, expect, test } from 'vitest';
import { customService, type CustomServiceInput } from '../../components/settings/custom';
import { customConflicts } from '../../components/settings/custom-conflicts';

const image = 'registry.example.org/shop:1';

describe('between custom services and what is around them', () => {
  const around = { tenants: ['acme'], others: ['database', 'graphql'], secrets: ['stripe-key'] };
  const service = (given: CustomServiceInput) => customService.parse({ image, port: 1, ...given });

  test('nothing is wrong when every name is there', () => {
    const services = {
      a: service({ needs: ['b', 'graphql'], secrets: { KEY: 'stripe-key' }, publish: 1 }),
      b: service({ route: { subdomain: 'b' }, publish: 2 }),
    };
    expect(customConflicts(services, around)).toEqual([]);
  });

  test('a port of the host belongs to one, a subdomain is no tenant’s, and names are of what is there', () => {
    const services = {
      a: service({ publish: 9000 }),
      b: service({ publish: 9000, route: { subdomain: 'acme' }, needs: ['b', 'nowhere'] }),
      c: service({ secrets: { KEY: 'smtp-password' } }),
    };
    expect(customConflicts(services, around)).toEqual([
      {
        key: 'strata:customServices.b.publish',
        reason: 'is the port of strata:customServices.a.publish too',
        received: '9000',
        advice: 'Give each a port of its own.',
      },
      {
        key: 'strata:customServices.b.route.subdomain',
        reason: 'is the subdomain of a tenant',
        received: '"acme"',
        advice: 'Choose another one; each tenant is served at <slug>.<domain>.',
      },
      {
        key: 'strata:customServices.b.needs[0]',
        reason: 'is the service itself',
        advice: 'Take it out.',
      },
      {
        key: 'strata:customServices.b.needs[1]',
        reason: 'names a service that this deployment does not have',
        received: '"nowhere"',
        allowed: 'database, graphql, a or c',
      },
      {
        key: 'strata:customServices.c.secrets.KEY',
        reason: 'names a secret that is not set',
        received: '"smtp-password"',
        advice: 'Set it: npm run pulumi -- config set --secret --path strata:secrets.smtp-password',
      },
    ]);
  });
});
