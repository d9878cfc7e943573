import { runtime } from '@pulumi/pulumi';
import type { Recorded } from '../../policy/rule';
import { notYetKnown, type Props } from '../../policy/values';
import type { Registered } from './graph';
import { isSecret } from './platform';

/** What a graph test recorded, as rules of the policy pack look at it. */
export function recorded(registered: readonly Registered[]): Recorded[] {
  const providers = new Map(
    registered
      .filter(({ type }) => type.startsWith('pulumi:providers:'))
      .map((made) => [made.urn, made]),
  );
  return registered
    .filter(({ custom, type }) => custom && !type.startsWith('pulumi:providers:'))
    .map((resource) => ({
      urn: resource.urn,
      type: resource.type,
      name: resource.name,
      props: plain(resource.inputs) as Props,
      protect: resource.protect,
      references: resource.propertyDependencies,
      // `urn::id`, where the URN itself has two colons four times.
      provider: plain(
        providers.get(resource.provider.replace(/::[^:]*$/, ''))?.inputs ?? {},
      ) as Props,
      secrets: Object.keys(resource.inputs).filter((key) => holdsSecret(resource.inputs[key])),
    }));
}

/** Values as a program gave them: what marks secrets and unknowns on the way to the engine is taken off. */
function plain(value: unknown): unknown {
  if (value === runtime.unknownValue) return notYetKnown;
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(plain);
  if (isSecret(value)) return plain((value as { value?: unknown }).value);
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, plain(member)]));
}

function holdsSecret(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return isSecret(value) || Object.values(value).some(holdsSecret);
}
