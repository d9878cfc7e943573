import type {
  Policies,
  PolicyProviderResource,
  PolicyResource,
  ResourceValidationArgs,
  ResourceValidationPolicy,
  StackValidationPolicy,
} from '@pulumi/policy';
import type { Recorded, ResourceRule, Rule, StackRule } from './rule';
import { notYetKnown, type Props } from './values';
import { looksAt, problemsWith } from './violations';

/** The rules as policies that Pulumi's engine asks. */
export function policiesOf(rules: readonly Rule[]): Policies {
  return rules.map((rule) => ('problems' in rule ? single(rule) : together(rule)));
}

function single(rule: ResourceRule): ResourceValidationPolicy {
  return {
    ...about(rule),
    validateResource: (args, report) => {
      if (!looksAt(rule, args.type)) return;
      for (const { problem } of problemsWith(rule, [recorded(args)])) {
        report(`${args.name}: ${problem}`);
      }
    },
  };
}

function together(rule: StackRule): StackValidationPolicy {
  return {
    ...about(rule),
    validateStack: ({ resources }, report) => {
      for (const { resource, problem } of problemsWith(rule, resources.map(recorded))) {
        report(`${resource.name}: ${problem}`, resource.urn);
      }
    },
  };
}

function about({ name, description }: Rule) {
  return { name, description, enforcementLevel: 'mandatory' } as const;
}

function recorded(resource: ResourceValidationArgs | PolicyResource): Recorded {
  const { urn, type, name, opts, provider } = resource;
  return {
    urn,
    type,
    name,
    props: plain(resource.props) as Props,
    protect: opts.protect,
    references: 'propertyDependencies' in resource ? references(resource) : {},
    provider: inputs(provider),
    secrets: [],
  };
}

function references({ propertyDependencies }: PolicyResource): Recorded['references'] {
  return Object.fromEntries(
    Object.entries(propertyDependencies).map(([property, from]) => [
      property,
      from.map(({ urn }) => urn),
    ]),
  );
}

function inputs(provider: PolicyProviderResource | undefined): Props {
  return provider === undefined ? {} : (plain(provider.props) as Props);
}

/** Values as they are, without what throws when something is read that is not yet known. */
function plain(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.keys(value).map((key) => [key, member(value, key)] as const);
  return Array.isArray(value) ? members.map(([, each]) => each) : Object.fromEntries(members);
}

function member(value: object, key: string): unknown {
  let read: unknown;
  try {
    read = (value as Props)[key];
  } catch {
    return notYetKnown;
  }
  return plain(read);
}
