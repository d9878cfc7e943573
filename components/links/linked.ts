import { image } from '../services/images';
import type { Service, Workload } from '../services/service';
import type { Settings } from '../settings/schema';
import type { ServerGroup } from '../targets/target';
import { portsOf } from './ports';
import { wayIn } from './way-in';
import { wayOut } from './way-out';

/**
 * The same groups with links between their servers: a service is found by its name on every server of a later group, as
 * if there were one server. On one server nothing is added. `address` is where the others reach the server of a group.
 *
 * A later group finds all services of the earlier ones, not only those that its own name. Programs name services where
 * nobody can look (a function's code, a host and its port in two variables), and a platform that worked on one server
 * has to work on two; what a service may do is decided by its credentials, as on one server. It costs a process of a few
 * MB for each service that a server does not have itself.
 *
 * A service on several servers is never led to: nothing could say which of them was meant.
 */
export function linked(
  groups: readonly ServerGroup[],
  address: (group: ServerGroup['name']) => string,
  settings: Pick<Settings, 'images'>,
): ServerGroup[] {
  const nginx = image(settings, 'nginx');
  return groups.map((group, at) => {
    const before = groups.slice(0, at);
    const out = before.flatMap((other) =>
      ledTo(other, groups).map((service) => wayOut(service, address(other.name), nginx)),
    );
    const asked = at < groups.length - 1 ? ledTo(group, groups) : [];
    return {
      ...group,
      services: [...out, ...group.services, ...(asked.length > 0 ? [wayIn(asked, nginx)] : [])],
    };
  });
}

/** The services of a group that others can be led to. */
function ledTo(group: ServerGroup, groups: readonly ServerGroup[]): Workload[] {
  if (group.balanced || group.count > 1) return [];
  const elsewhere = groups
    .filter((other) => other !== group)
    .flatMap(({ services }) => services.map(({ name }) => name));
  return group.services.filter(
    (service): service is Workload => isAsked(service) && !elsewhere.includes(service.name),
  );
}

function isAsked(service: Service): service is Workload {
  return service.kind === 'workload' && portsOf(service).length > 0;
}
