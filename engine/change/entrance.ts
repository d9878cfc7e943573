import type { Step } from './steps';

/** What leads people to a server or to the balancer. */
const entrances = ['aws:ec2/eip:Eip entrance', 'aws:route53/record:Record domain-domain'];

/** Where people are led from then on, in words. */
export function entranceMoves(steps: readonly Step[]): string[] {
  const led = steps.filter(({ type, name }) => entrances.includes(`${type} ${name}`));
  const told = led.flatMap(({ name, operation, before, after }) => {
    if (operation !== 'update' || !before || !after) return [];
    if (name !== 'entrance') {
      const is = Object.hasOwn(after.inputs, 'aliases') ? 'the load balancer' : 'a server';
      const was = Object.hasOwn(before.inputs, 'aliases') ? 'the load balancer' : 'a server';
      return is === was ? [] : [`the names lead to ${is}`];
    }
    return before.inputs.instance === after.inputs.instance
      ? []
      : ['the public address goes to the new server'];
  });
  return told;
}
