import { mkdirSync } from 'node:fs';
import type { TestProject } from 'vitest/node';
import { whyNoEngine } from '../../support/engine';
import { whyNoPlatform, whyNoPlugins } from '../../support/lab';
import { Platform, type Outputs, type Ports } from './platform';

/** What every file of these tests is given: the one platform that they share. */
export interface Deployed {
  readonly folder: string;
  readonly ports: Ports;
  readonly outputs: Outputs;
}

declare module 'vitest' {
  export interface ProvidedContext {
    /** Undefined where no platform can be started; the reason was printed. */
    deployed: Deployed | undefined;
  }
}

/** Deploys the platform once, before all files, and takes it away after the last. */
export default async function setup(
  project: TestProject,
): Promise<(() => Promise<void>) | undefined> {
  const missing = (await whyNoEngine()) ?? whyNoPlugins() ?? (await whyNoPlatform());
  if (missing !== undefined) {
    project.provide('deployed', undefined);
    return undefined;
  }
  const platform = await Platform.create();
  try {
    mkdirSync(platform.workspace.path('.backend'));
    await platform.settle({});
    const outputs = await platform.outputs();
    const { folder } = platform.workspace;
    project.provide('deployed', { folder, ports: platform.ports, outputs });
  } catch (error) {
    await platform.dispose();
    throw error;
  }
  return () => platform.dispose();
}
