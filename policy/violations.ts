import { currentType, type Problem, type Recorded, type Rule, type Violation } from './rule';
import { rules as all } from './rules';

/** What breaks the rules in a whole deployment, in the order of the rules. */
export function violationsOf(
  resources: readonly Recorded[],
  rules: readonly Rule[] = all,
): Violation[] {
  return rules.flatMap((rule) =>
    problemsWith(rule, resources).map(({ resource: { urn, name }, problem }) => ({
      rule: rule.name,
      urn,
      name,
      problem,
    })),
  );
}

/** What breaks one rule. */
export function problemsWith(rule: Rule, resources: readonly Recorded[]): readonly Problem[] {
  const looked = resources
    .filter(({ type }) => looksAt(rule, type))
    .map((resource) => ({ ...resource, type: currentType(resource.type) }));
  if ('problemsAmong' in rule) return rule.problemsAmong(looked);
  return looked.flatMap((resource) =>
    rule.problems(resource).map((problem) => ({ resource, problem })),
  );
}

/** True when a rule looks at resources of a type; `aws:*` stands for all of AWS's. */
export function looksAt({ types }: Rule, type: string): boolean {
  return types.some((wanted) =>
    wanted.endsWith('*') ? type.startsWith(wanted.slice(0, -1)) : wanted === currentType(type),
  );
}
