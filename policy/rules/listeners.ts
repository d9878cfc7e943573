import { type Problem, type Recorded, refersTo, type Rule } from '../rule';
import { at, given, is, list, notYetKnown, shown } from '../values';

const listenerType = 'aws:lb/listener:Listener';
const listenerRuleType = 'aws:lb/listenerRule:ListenerRule';

/** AWS's own sets of protocols and ciphers that begin at TLS 1.2. */
const modern = /^ELBSecurityPolicy-(TLS13-1-[23]|TLS-1-2|FS-1-2)(-|$)/;

/** Nothing goes over the network without TLS. */
export const listeners: readonly Rule[] = [
  {
    name: 'listeners-tls',
    description:
      'Load balancers answer over TLS 1.2 or newer; without TLS they only send callers on to HTTPS. Use protocol HTTPS ' +
      'with an sslPolicy such as ELBSecurityPolicy-TLS13-1-2-Res-2021-06: the default one still takes TLS 1.0.',
    types: [listenerType],
    problems: listener,
  },
  {
    name: 'listener-rules-tls',
    description:
      'Rules of a listener without TLS only send callers on to HTTPS. Put what answers on the HTTPS listener.',
    types: [listenerType, listenerRuleType],
    problemsAmong: (resources) =>
      resources.filter(ofType(listenerRuleType)).flatMap(leak(resources)),
  },
  {
    name: 'target-groups-tls',
    description: 'Load balancers speak TLS to the servers as well. Set protocol: HTTPS.',
    types: ['aws:lb/targetGroup:TargetGroup'],
    problems: ({ props }) =>
      is(props.protocol, 'HTTPS', 'TLS') ? [] : [`protocol is ${shown(props.protocol)}`],
  },
];

function listener({ props }: Recorded): string[] {
  if (props.protocol === notYetKnown) return [];
  if (is(props.protocol, 'HTTPS', 'TLS')) {
    const policy = props.sslPolicy;
    return is(policy) || (typeof policy === 'string' && modern.test(policy))
      ? []
      : [`sslPolicy is ${shown(policy)}`];
  }
  return props.protocol === 'HTTP' && redirects(props.defaultActions)
    ? []
    : [`protocol is ${shown(props.protocol)}, and not all of its actions redirect to HTTPS`];
}

/** All actions lead to HTTPS, and there is one. */
function redirects(actions: unknown): boolean {
  if (actions === notYetKnown) return true;
  return (
    list(actions).length > 0 &&
    list(actions).every(
      (action) =>
        is(at(action, 'type'), 'redirect') && is(at(action, 'redirect', 'protocol'), 'HTTPS'),
    )
  );
}

function leak(resources: readonly Recorded[]): (rule: Recorded) => Problem[] {
  const without = resources.filter(
    (resource) => resource.type === listenerType && !is(resource.props.protocol, 'HTTPS', 'TLS'),
  );
  return (rule) =>
    given(rule.props.actions) &&
    !redirects(rule.props.actions) &&
    without.some((found) => refersTo(rule, 'listenerArn', found))
      ? [
          {
            resource: rule,
            problem: 'its listener has no TLS, and not all of its actions redirect',
          },
        ]
      : [];
}

function ofType(type: string): (resource: Recorded) => boolean {
  return (resource) => resource.type === type;
}
