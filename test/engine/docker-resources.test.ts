import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { whyNoEngine } from '../support/engine';
import { containersNamed, engine, removeAll, shellImage, whyNoDocker } from '../support/docker';
import { Workspace } from '../support/workspace';

const reason = (await whyNoEngine()) ?? (await whyNoDocker());
const prefix = 't-provider-engine';
const secret = 'a-very-secret-text';

let workspace: Workspace;

/** A program of the resources for containers alone; `text` is the file that each of them depends on. */
function program(text: string): string {
  return `
    import * as pulumi from '@pulumi/pulumi';
    import { Authority, Certificate, DockerJob, Files, Image, Ready } from './provider/sdk';
    class Parts extends pulumi.ComponentResource {
      constructor() {
        super('strata:index:Parts', 'parts');
        const opts = { parent: this };
        const authority = new Authority('authority', {}, opts);
        const certificate = new Certificate('certificate', {
          authority: authority.certificate, authorityKey: authority.key, names: ['web'],
        }, opts);
        const image = new Image('image', {
          repository: '${prefix}/web',
          files: { Dockerfile: 'FROM ${shellImage}\\nCOPY text /text\\n', text: ${JSON.stringify(text)} },
        }, opts);
        const files = new Files('files', {
          prefix: '${prefix}', uid: 1000, gid: 1000, image: image.reference,
          files: { 'secrets/TEXT': ${JSON.stringify(text)}, 'secrets/KEY': certificate.key },
        }, opts);
        const job = new DockerJob('job', {
          container: '${prefix}-job', image: image.reference, user: '1000:1000', environment: {}, timeoutSeconds: 30,
          command: ['sh', '-c', 'cmp /text /run/strata/secrets/TEXT'],
          volumes: { '/run/strata': { volume: files.volume } },
        }, opts);
        exports.reference = image.reference;
        exports.volume = files.volume;
        exports.exitCode = job.exitCode;
        this.registerOutputs({});
      }
    }
    new Parts();
  `;
}

interface Outputs {
  reference: string;
  volume: string;
  exitCode: number;
}

function pulumi(...args: string[]): Promise<string> {
  return workspace.succeed('pulumi', '--', ...args, '-s', 'local');
}

function up(): Promise<string> {
  return pulumi('up', '--yes', '--skip-preview', '--non-interactive');
}

async function imagesHere(): Promise<string[]> {
  const all = await engine.listImages({ filters: { reference: [`${prefix}/web`] } });
  return all.flatMap(({ RepoTags }) => RepoTags ?? []);
}

async function volumesHere(): Promise<string[]> {
  const { Volumes } = await engine.listVolumes();
  return Volumes.map(({ Name }) => Name).filter((name) => name.startsWith(prefix));
}

describe.skipIf(reason)('resources of a Docker engine under the real engine of Pulumi', () => {
  let first: Outputs;

  beforeAll(async () => {
    await removeAll(prefix);
    workspace = await Workspace.create();
    workspace.write('index.ts', program(secret));
    await workspace.succeed('pulumi', '--', 'stack', 'init', 'local');
    await up();
    first = await workspace.outputs<Outputs>();
  });

  afterAll(async () => {
    await workspace.dispose();
    await removeAll(prefix);
    for (const name of await imagesHere()) await engine.getImage(name).remove({ force: true });
  });

  test('are made, and a second up changes nothing', async () => {
    expect(first).toEqual({
      reference: expect.stringMatching(/^t-provider-engine\/web:[0-9a-f]{16}$/) as string,
      volume: expect.stringMatching(/^t-provider-engine-[0-9a-f]{8}$/) as string,
      exitCode: 0,
    });
    expect(await pulumi('preview', '--expect-no-changes', '--non-interactive')).toBeTypeOf(
      'string',
    );
    expect(await up()).not.toMatch(/[+~-] strata:/);
    expect(await containersNamed(prefix)).toEqual([]);
  });

  test('no secret stands in the state', async () => {
    const state = await pulumi('stack', 'export');
    expect(state).toContain('strata:docker:Files');
    const { deployment } = JSON.parse(state) as {
      deployment: { resources: Record<string, unknown>[] };
    };
    const files = deployment.resources.find(({ type }) => type === 'strata:docker:Files');
    expect(JSON.stringify(files)).not.toContain(secret);
    expect(JSON.stringify(deployment)).not.toContain('PRIVATE KEY');
  });

  test('what is replaced stays until its users have moved', async () => {
    workspace.write('index.ts', program('another text'));
    const shown = await up();
    const second = await workspace.outputs<Outputs>();
    expect(second.reference).not.toBe(first.reference);
    expect(second.volume).not.toBe(first.volume);
    expect(await imagesHere()).toEqual([second.reference]);
    expect(await volumesHere()).toEqual([second.volume]);
    const order = [/Files files creating/, /Job job updating/, /Files files deleting/];
    const at = order.map((step) => shown.search(step));
    expect(at).not.toContain(-1);
    expect(at).toEqual([...at].sort((a, b) => a - b));
    first = second;
  });

  test('a volume and an image that are gone are made again', async () => {
    await engine.getVolume(first.volume).remove();
    await engine.getImage(first.reference).remove();
    await up();
    const again = await workspace.outputs<Outputs>();
    expect(again.reference).toBe(first.reference);
    expect(await imagesHere()).toEqual([again.reference]);
    expect(await volumesHere()).toEqual([again.volume]);
  });

  test('an interrupted job leaves no container, and the next up runs it', async () => {
    workspace.edit('index.ts', "'cmp /text /run/strata/secrets/TEXT'", "'echo working; sleep 600'");
    const running = workspace.begin('pulumi', '--', 'up', '--yes', '--skip-preview', '-s', 'local');
    await running.line(/running job: working/);
    process.kill(running.pid, 'SIGINT');
    await running.ended;
    expect(await containersNamed(prefix)).toEqual([]);
    workspace.edit('index.ts', 'echo working; sleep 600', 'true');
    await up();
  });

  test('a destroy leaves nothing behind', async () => {
    await pulumi('destroy', '--yes', '--skip-preview', '--non-interactive');
    expect(await imagesHere()).toEqual([]);
    expect(await volumesHere()).toEqual([]);
  });
});
