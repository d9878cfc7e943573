import type { Props } from './values';

/** A resource as a program registered it, with values that may be `notYetKnown`. */
export interface Recorded {
  readonly urn: string;
  readonly type: string;
  readonly name: string;
  readonly props: Props;
  readonly protect: boolean;
  /** Property → URNs of the resources that its value comes from. Rules over a single resource are not given them. */
  readonly references: Readonly<Record<string, readonly string[]>>;
  /** Inputs of the provider that makes it. */
  readonly provider: Props;
  /** Properties that hold a secret; the engine does not tell policies, so it is known in tests only. */
  readonly secrets: readonly string[];
}

interface About {
  /** By which it is switched off and reported: lower case and hyphens. */
  readonly name: string;
  /** What has to be so, and what to do when it is not. */
  readonly description: string;
  /** The types of resources that it looks at. */
  readonly types: readonly string[];
}

/** Judges each resource of its types alone, before it is made. */
export interface ResourceRule extends About {
  /** What is wrong with the resource, in words; nothing when all is well. */
  readonly problems: (resource: Recorded) => readonly string[];
}

/** Judges the resources of its types together, once all are declared. */
export interface StackRule extends About {
  readonly problemsAmong: (resources: readonly Recorded[]) => readonly Problem[];
}

export type Rule = ResourceRule | StackRule;

/** What is wrong with one of several resources. */
export interface Problem {
  readonly resource: Recorded;
  readonly problem: string;
}

/** A resource that breaks a rule. */
export interface Violation {
  readonly rule: string;
  readonly urn: string;
  readonly name: string;
  readonly problem: string;
}

/** `aws:alb` and the types that end in V2 are other names of the same resources. */
export function currentType(type: string): string {
  return type.replace(/^aws:alb\//, 'aws:lb/').replace(/^(aws:s3\/\w+)V2:(\w+)V2$/, '$1:$2');
}

/** True when `property` of `resource` comes from `target`, or names it. */
export function refersTo(resource: Recorded, property: string, target: Recorded): boolean {
  if (resource.references[property]?.includes(target.urn)) return true;
  const value = resource.props[property];
  return typeof value === 'string' && [target.props[property], target.props.arn].includes(value);
}
