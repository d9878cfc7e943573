import { messageOf } from '../errors';
import { root } from '../root';
import type { Terminal } from '../terminal';
import { runTool } from './child';
import { pulumiVersion } from './layout';

const host = 'https://get.pulumi.com';
const answerWithinMs = 5_000;
const downloadWithinSeconds = 180;

/**
 * Downloads the CLI with all its language hosts into `folder` by the Automation API.
 * Returns why it could not; `undefined` when it could.
 */
export async function download(folder: string, out: Terminal): Promise<string | undefined> {
  const unreachable = await ask(`${host}/install.sh`);
  if (unreachable) return unreachable;
  out.note(`Downloading the Pulumi CLI ${pulumiVersion} …`);
  // In a process of its own: the Automation API's download takes no limit, and what it starts would outlive us.
  const script = `require('@pulumi/pulumi/automation').PulumiCommand.install({ root: process.argv[1] })
    .catch((error) => { console.error(error.message); process.exit(1); })`;
  const { code, tail } = await runTool(process.execPath, ['-e', script, folder], {
    cwd: root,
    limitSeconds: downloadWithinSeconds,
  });
  return code === 0 ? undefined : `the download from ${host} failed: ${tail}`;
}

/** Blocked networks refuse, answer with an error page, or never answer. */
async function ask(url: string): Promise<string | undefined> {
  try {
    const answer = await fetch(url, {
      method: 'HEAD',
      signal: AbortSignal.timeout(answerWithinMs),
    });
    return answer.ok ? undefined : `${host} answers with status ${String(answer.status)}`;
  } catch (error) {
    const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
    return `${host} is not reachable: ${messageOf(cause)}`;
  }
}
