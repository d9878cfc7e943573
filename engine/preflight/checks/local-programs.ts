import { type Check, type Finding, ok, warning } from '../check';
import type { Clients } from '../clients';

const name = 'this machine';

/** What a person needs here to get onto a server: there is no SSH. */
const programs = [
  {
    program: 'aws',
    called: 'AWS’s command line',
    page: 'https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html',
  },
  {
    program: 'session-manager-plugin',
    called: 'the Session Manager plugin',
    page: 'https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-working-with-install-plugin.html',
  },
] as const;

/** A deployment needs none of them, so that a build machine may lack them. */
export const localPrograms: Check = {
  name,
  permissions: [],
  async run(_subject, clients) {
    return Promise.all(programs.map((wanted) => looked(wanted, clients)));
  },
};

async function looked(
  { program, called, page }: (typeof programs)[number],
  { version }: Clients,
): Promise<Finding> {
  const found = await version(program);
  if (found !== undefined) return ok(name, `${called}: ${found}`);
  return warning(
    name,
    `${called} is not installed, and nobody reaches a server’s shell without it`,
    `Install it: ${page}`,
  );
}
