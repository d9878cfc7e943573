import { agreed, type UpstreamFile, type UpstreamService } from './facts';

/** docs/upstream-compose.md: `found` says in which facts ours differs. */
export function page(
  files: readonly UpstreamFile[],
  found: (service: UpstreamService) => readonly string[],
): string {
  return [
    '# Beside the Compose files of upstream',
    '',
    'What the bundles of the presets (`test/contract/compose/*.yaml`) have of the files with which upstream itself starts its',
    'services, fact by fact: image, port, command, health check, published ports, mounts and the name of each variable, and its',
    'value where upstream fixes one. `no X` stands there and not here, `also X` here and not there, a name alone is otherwise',
    'here. `test/contract/compose.test.ts` compares them and writes this page: a difference without a reason fails, and so does',
    'a reason without a difference.',
    '',
    'For all of ours: a read-only root, no capability, a user that is not root where the image allows it, memory limits, secrets',
    'in files (docs/hardening.md), no `container_name`, and everybody waits until whom he needs is healthy.',
    ...files.flatMap((file) => section(file, found)),
    '',
  ].join('\n');
}

function section(
  { title, source, read, services, replaced }: UpstreamFile,
  found: (service: UpstreamService) => readonly string[],
): string[] {
  return [
    '',
    `## ${title}`,
    '',
    `\`${source}\`, read ${read}.`,
    ...services.flatMap((service) => [
      '',
      `### ${service.name}: \`${service.ours}\` of preset ${service.preset}`,
      '',
      `\`${service.image}\`, port ${String(service.port)}. The same in ${String(agreed(service, found(service)))} facts; not in these:`,
      '',
      ...table(
        ['fact', 'why'],
        service.differences.map(([facts, why]) => [facts.map(code).join(', '), why]),
      ),
    ]),
    ...(replaced.length === 0
      ? []
      : [
          '',
          '### Other programs',
          '',
          ...table(
            ['theirs', 'ours', 'why'],
            replaced.map(({ name, image, by, why }) => [
              `${name} (\`${image}\`)`,
              by.length === 0 ? 'nothing' : by.map((one) => `\`${one}\``).join(', '),
              why,
            ]),
          ),
        ]),
  ];
}

function code(fact: string): string {
  const [, sign = '', name = fact] = /^(no |also )?(.*)$/.exec(fact) ?? [];
  return /^[A-Z/]/.test(name) ? `${sign}\`${name}\`` : fact;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
}
