/** A web socket may be silent for so long. */
export const socketSeconds = 3600;

/** How long a balancer lets a connection be silent: longer than the gateway, so that no answer ends at the balancer. */
export const balancerIdleSeconds = socketSeconds + 60;

/**
 * How long the gateway keeps a connection open that nobody uses. A balancer sends further requests on its own, so it has
 * to be the one that closes them: a request that meets a closed connection is lost.
 */
export function keepAliveSeconds(balanced = false): number {
  return balanced ? balancerIdleSeconds + 60 : 65;
}
