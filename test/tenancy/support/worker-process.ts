import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { tenantsWorker } from '../../../components/services/tenants';
import { settingsSchema } from '../../../components/settings/schema';
import { standalone } from '../../../engine/loader';
import type { TenancyPlan } from '../../../provider/tenancy/plan';
import { follow, type Followed } from '../../support/follow';
import { freePort } from '../../support/ports';
import { master } from './platform';

/** A worker as a container runs it: the same bundle, environment, files and secrets. */
export interface WorkerProcess extends Followed {
  readonly child: ChildProcess;
  readonly url: string;
}

/** Starts workers, and ends those that are left. */
export class WorkerProcesses {
  private readonly folder = mkdtempSync(path.join(os.tmpdir(), 'strata-tenants-'));
  private readonly started: WorkerProcess[] = [];

  constructor(
    private readonly urls: { readonly database: string; readonly redis: string },
    private readonly plan: TenancyPlan,
  ) {}

  async start(environment: Readonly<Record<string, string>> = {}): Promise<WorkerProcess> {
    const spec = tenantsWorker(settingsSchema.parse({}), this.plan, { storage: false });
    const folder = mkdtempSync(path.join(this.folder, 'worker-'));
    for (const [name, entry] of Object.entries(spec.program?.entries ?? {})) {
      writeFileSync(path.join(folder, name), standalone(entry));
    }
    const plan = path.join(folder, 'plan.json');
    const { 'plan.json': text } = spec.files;
    if (typeof text !== 'string') throw new Error('the plan is a text');
    writeFileSync(plan, text);
    const values: Record<string, string> = {
      DATABASE_URL: this.urls.database,
      REDIS_URL: this.urls.redis,
      TENANT_LOGINS: master,
    };
    const secrets = Object.keys(spec.secrets).map((name): [string, string] => {
      const file = path.join(folder, name);
      writeFileSync(file, values[name] ?? '');
      return [`${name}_FILE`, file];
    });
    const port = await freePort();
    const [, ...command] = (spec.command ?? []).map((word) => word.replace('{program}', folder));
    const child = spawn(process.execPath, command, {
      cwd: folder,
      env: {
        PATH: process.env.PATH,
        ...spec.environment,
        ...Object.fromEntries(secrets),
        PLAN: plan,
        PORT: String(port),
        EXPORTS: path.join(folder, 'exports'),
        ...environment,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const started = { ...follow(child), child, url: `http://127.0.0.1:${String(port)}` };
    this.started.push(started);
    await started.line(/"message":"ready"/);
    return started;
  }

  /** Ends them all at once. */
  async end(): Promise<void> {
    const all = this.started.splice(0);
    for (const { child } of all) child.kill('SIGKILL');
    await Promise.all(all.map(({ ended }) => ended));
  }

  async remove(): Promise<void> {
    await this.end();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
