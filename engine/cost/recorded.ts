/** A resource as the program registers it, or as a stack's state has it. */
export interface Recorded {
  readonly urn: string;
  /** Such as `aws:ec2/instance:Instance`. */
  readonly type: string;
  readonly name: string;
  readonly inputs: Readonly<Record<string, unknown>>;
  /** Property → URNs of the resources that its value comes from. */
  readonly from: Readonly<Record<string, readonly string[]>>;
}

/** The resource of a type that the value of a property comes from. */
export function source(
  { from }: Recorded,
  property: string,
  type: string,
  all: readonly Recorded[],
): Recorded | undefined {
  const urns = from[property] ?? [];
  return all.find((resource) => resource.type === type && urns.includes(resource.urn));
}
