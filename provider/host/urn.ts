/** What a URN says of its resource. */
export interface Urn {
  readonly stack: string;
  readonly project: string;
  readonly type: string;
  /** Its type behind those of what it is below: `strata:index:Platform$strata:data:Data$docker:index/volume:Volume`. */
  readonly types: string;
  readonly name: string;
}

/** Takes `urn:pulumi:stack::project::types::name` apart; only the name may hold `::`. */
export function parseUrn(urn: string): Urn {
  const [stack = '', project = '', types = '', ...name] = urn.split('::');
  return {
    stack: stack.replace('urn:pulumi:', ''),
    project,
    type: types.split('$').at(-1) ?? '',
    types,
    name: name.join('::'),
  };
}
