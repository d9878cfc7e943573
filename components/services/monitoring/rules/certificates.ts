import type { SecretSource } from '../../service';
import type { Rule } from './rule';

const day = 24 * 3600;

/**
 * When the certificates between services end, as they were deployed: no exporter can see them. blackbox_exporter writes
 * a line's end behind what it sends, which Postgres refuses before TLS (its issue 1657, looked up 2026-11-21).
 */
export function certificateRules(hosts: readonly string[]): Rule[] {
  const left = (host: string) =>
    `label_replace(vector({{${endOf(host)}}} - time()), "host", "${host}", "", "") < ${14 * day}`;
  return [
    {
      alert: 'InnerCertificateExpires',
      expr: hosts.map(left).join('\nor '),
      severity: 'critical',
      summary: 'The certificate of {{ $labels.host }} ends in {{ $value | humanizeDuration }}',
      description:
        'From then on no service reaches it, and everything stops. Only a deployment renews it.',
    },
  ];
}

/** What the rules name, by its name in them. */
export function certificateEnds(hosts: readonly string[]): Record<string, SecretSource> {
  return Object.fromEntries(
    hosts.map((host) => [endOf(host), { certificate: host, part: 'expires' }]),
  );
}

function endOf(host: string): string {
  return `end-of-${host}`;
}
