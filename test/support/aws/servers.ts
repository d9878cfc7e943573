import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Refusal, type Operations, type Values } from './stand-in';

interface Run {
  readonly id: string;
  readonly instanceId: string;
  readonly parameters: { commands: string[]; executionTimeout: string[] };
  readonly child: ChildProcess;
  status: string;
  details: string;
  code: number;
  stdout: string;
  stderr: string;
}

const invocationLimits = { stdout: 24_000, stderr: 8_000 };

/**
 * A stand-in for Systems Manager's Run Command and the agents of its servers, which are all this machine: scripts run here,
 * by a shell, as the agent runs them (a file, its output cut at its first characters, its process group killed when it is
 * cancelled).
 */
export class RunCommandStandIn {
  /** Servers → what is known of their agents; one that is not here has never reported. */
  readonly agents = new Map<string, string>();
  /** What has been asked of a server that has reported. */
  readonly runs: Run[] = [];
  /** Called whenever somebody asks how a server's agent is. */
  onPing: () => void = () => undefined;
  private readonly folder = mkdtempSync(path.join(os.tmpdir(), 'strata-ssm-'));

  /** Servers that were stopped; all others run. */
  readonly stopped = new Set<string>();

  readonly operations: Operations = {
    DescribeInstances: (input) => {
      const instanceId = firstId(input);
      const name = this.stopped.has(instanceId) ? 'stopped' : 'running';
      return { reservationSet: [{ instancesSet: [{ instanceId, instanceState: { name } }] }] };
    },
    StartInstances: (input) => {
      const instanceId = firstId(input);
      this.stopped.delete(instanceId);
      return {};
    },
    DescribeInstanceInformation: ({ Filters }) => {
      this.onPing();
      const [{ Values: ids } = { Values: [] }] = Filters as { Values: string[] }[];
      const known = ids.filter((id) => this.agents.has(id));
      return {
        InstanceInformationList: known.map((id) => ({
          InstanceId: id,
          PingStatus: this.agents.get(id),
        })),
      };
    },
    SendCommand: (input) => this.send(input),
    ListCommands: ({ InstanceId }) => ({
      Commands: this.runs
        .filter(({ instanceId }) => instanceId === InstanceId)
        .map(({ id, status, parameters }) => ({
          CommandId: id,
          Status: status,
          Parameters: parameters,
          DocumentName: 'AWS-RunShellScript',
        })),
    }),
    GetCommandInvocation: ({ CommandId }) => {
      const run = this.run(CommandId, 'InvocationDoesNotExist');
      const isOver = !['Pending', 'InProgress', 'Cancelling'].includes(run.status);
      return {
        CommandId,
        InstanceId: run.instanceId,
        Status: run.status,
        StatusDetails: run.details,
        ResponseCode: isOver ? run.code : -1,
        StandardOutputContent: isOver ? run.stdout.slice(0, invocationLimits.stdout) : '',
        StandardErrorContent: isOver ? run.stderr.slice(0, invocationLimits.stderr) : '',
      };
    },
    CancelCommand: ({ CommandId }) => {
      const run = this.run(CommandId, 'InvalidCommandId');
      if (run.status === 'InProgress') this.kill(run, 'Cancelled', 'Cancelled');
      return {};
    },
  };

  /** Ends what still runs. */
  stop(): void {
    for (const run of this.runs) if (run.status === 'InProgress') this.kill(run, 'Cancelled', '');
    rmSync(this.folder, { recursive: true, force: true });
  }

  private send({ InstanceIds, Parameters }: Values): Values {
    const [instanceId = ''] = InstanceIds as string[];
    if (this.agents.get(instanceId) !== 'Online') {
      throw new Refusal('InvalidInstanceId', 'Instances not in a valid state for account');
    }
    const parameters = Parameters as Run['parameters'];
    const id = randomUUID();
    const file = path.join(this.folder, id);
    writeFileSync(file, parameters.commands.join('\n'), { mode: 0o700 });
    const child = spawn('sh', ['-c', file], { detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    const run: Run = {
      ...{ id, instanceId, parameters, child, status: 'InProgress', details: 'InProgress' },
      ...{ code: -1, stdout: '', stderr: '' },
    };
    const seconds = Number(parameters.executionTimeout[0]);
    const late = setTimeout(() => this.kill(run, 'TimedOut', 'ExecutionTimedOut'), seconds * 1000);
    child.stdout.on('data', (piece: Buffer) => (run.stdout += piece.toString()));
    child.stderr.on('data', (piece: Buffer) => (run.stderr += piece.toString()));
    child.on('close', (code) => {
      clearTimeout(late);
      if (run.status !== 'InProgress') return;
      run.code = code ?? -1;
      run.status = run.details = code === 0 ? 'Success' : 'Failed';
    });
    this.runs.push(run);
    return { Command: { CommandId: id, Status: 'Pending' } };
  }

  private kill(run: Run, status: string, details: string): void {
    run.status = status;
    run.details = details;
    if (run.child.pid !== undefined && run.child.exitCode === null) {
      process.kill(-run.child.pid, 'SIGKILL');
    }
  }

  private run(id: unknown, code: string): Run {
    const run = this.runs.find((one) => one.id === id);
    if (!run) throw new Refusal(code, '');
    return run;
  }
}

function firstId({ InstanceId }: Values): string {
  return (InstanceId as string[])[0] ?? '';
}
