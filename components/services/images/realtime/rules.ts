import type { ChannelRule } from '../../../tenancy/declaration';
import type { RealtimeConfig } from './config';
import type { Member } from './admission';

type Channels = RealtimeConfig['channels'];

/** What somebody may do in a channel. */
export interface Rights {
  readonly listen: boolean;
  readonly send: boolean;
}

const none: Rights = { listen: false, send: false };

/** What a member may do in a channel of that name: as the pattern with the longest text says, or nothing. */
export function rightsIn(channels: Channels, name: string, member: Member): Rights {
  const pattern = patternOf(channels, name);
  const rule = pattern === undefined ? undefined : channels[pattern];
  if (pattern === undefined || !rule) return none;
  const rest = pattern.endsWith('*') ? name.slice(pattern.length - 1) : undefined;
  const holds = (who: ChannelRule | 'nobody'): boolean =>
    who === 'member' ||
    (who === 'admin' && member.role === 'tenant_admin') ||
    (who === 'self' && rest === member.userId);
  return {
    listen: holds(rule.listen) && member.may('services', 'read'),
    send: holds(rule.send) && member.may('services', 'write'),
  };
}

function patternOf(channels: Channels, name: string): string | undefined {
  if (Object.hasOwn(channels, name) && !name.endsWith('*')) return name;
  return Object.keys(channels)
    .filter((pattern) => pattern.endsWith('*') && name.startsWith(pattern.slice(0, -1)))
    .reduce<string | undefined>(
      (longest, pattern) => (pattern.length > (longest?.length ?? 0) ? pattern : longest),
      undefined,
    );
}
