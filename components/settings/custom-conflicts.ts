import { nearest } from '../../engine/nearest';
import type { CustomService } from './custom';
import type { Problem } from './errors';
import { oneOf, showKey, showText } from './show';

type Given = Readonly<Record<string, CustomService>>;

/**
 * What no custom service shows alone: services that it needs and that are not there, and services that wait for each
 * other. `others` are the services that may be needed besides the custom ones. Routes that clash are the gateway's to
 * find, ports those of `conflicts`.
 */
export function customConflicts(services: Given, others: readonly string[]): Problem[] {
  const known = [...others, ...Object.keys(services)];
  return [
    ...Object.entries(services).flatMap(([name, given]) => unknownNeeds(name, given, known)),
    ...circles(services),
  ];
}

function unknownNeeds(name: string, { needs }: CustomService, known: readonly string[]): Problem[] {
  return needs.flatMap((need, index): Problem[] => {
    const key = showKey(['customServices', name, 'needs', index]);
    if (need === name) return [{ key, reason: 'is the service itself', advice: 'Take it out.' }];
    if (known.includes(need)) return [];
    const others = known.filter((other) => other !== name);
    const near = nearest(need, others);
    return [
      {
        key,
        reason: 'names a service that it cannot wait for',
        received: showText(need),
        allowed: oneOf(others),
        nearest: near && showText(near),
      },
    ];
  });
}

/** Services that none of which could start first. */
function circles(services: Given): Problem[] {
  const stuck = inCircles(services);
  return stuck.map((name) => ({
    key: showKey(['customServices', name, 'needs']),
    reason: `waits for a service that waits for this one, among ${stuck.join(', ')}`,
    advice: 'Take one of the needs out.',
  }));
}

/** What is left when whoever waits for nobody here, and whoever nobody here waits for, is taken away again and again. */
function inCircles(services: Given): string[] {
  let left = Object.keys(services);
  for (;;) {
    const waits = (name: string, other: string): boolean =>
      name !== other && (services[name]?.needs.includes(other) ?? false);
    const stay = left.filter(
      (name) =>
        left.some((other) => waits(name, other)) && left.some((other) => waits(other, name)),
    );
    if (stay.length === left.length) return stay;
    left = stay;
  }
}
