import type { Service } from '../../services/service';

/** Plain processes have no images and no copies of themselves: and no limits: asking for one is refused by name. */
export function refusals(services: readonly Service[]): string[] {
  return services.flatMap((service) => [
    ...(service.image
      ? [`service ${service.name} asks for the image ${service.image}: target embedded runs commands, not images`]
      : []),
    ...(service.resources
      ? [`service ${service.name} asks for limits of resources: target embedded cannot keep them`]
      : []),
    ...(service.kind === 'workload' && service.replicas > 1
      ? [`service ${service.name} asks for ${service.replicas} replicas: target embedded runs one of each`]
      : []),
  ]);
}
