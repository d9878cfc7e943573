import { credentials, Server, ServerCredentials } from '@grpc/grpc-js';
import { EngineService } from '@pulumi/pulumi/proto/engine_grpc_pb';
import type { LogRequest } from '@pulumi/pulumi/proto/engine_pb';
import { ResourceProviderClient } from '@pulumi/pulumi/proto/provider_grpc_pb';
import { Empty } from 'google-protobuf/google/protobuf/empty_pb';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { root } from '../../engine/root';

type Unary<Request, Response> = (
  request: Request,
  callback: (error: Error | null, response: Response) => void,
) => unknown;

/** The provider as the engine sees it: a process of its own that speaks gRPC, on a copy of the project. */
export class ProviderProcess {
  private constructor(
    readonly folder: string,
    readonly child: ChildProcess,
    readonly client: ResourceProviderClient,
    /** What it asked the engine to show. */
    readonly lines: string[],
    private readonly engine: Server,
  ) {}

  static async start(): Promise<ProviderProcess> {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'strata-provider-'));
    for (const name of ['components', 'engine', 'package.json', 'provider']) {
      cpSync(path.join(root, name), path.join(folder, name), { recursive: true });
    }
    symlinkSync(path.join(root, 'node_modules'), path.join(folder, 'node_modules'));
    const lines: string[] = [];
    const engine = new Server();
    engine.addService(EngineService, {
      log(call: { request: LogRequest }, callback: (error: null, response: Empty) => void) {
        lines.push(call.request.getMessage());
        callback(null, new Empty());
      },
    });
    const enginePort = await new Promise<number>((resolve, reject) => {
      engine.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => {
        if (error) reject(error);
        else resolve(port);
      });
    });
    const child = spawn(
      path.join(folder, 'provider/pulumi-resource-strata'),
      [`127.0.0.1:${enginePort}`],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
        env: { ...process.env, SECRET_OF_THE_ENGINE: 'yes' },
      },
    );
    const [port] = (await once(child.stdout, 'data')) as [Buffer];
    const address = `127.0.0.1:${port.toString().trim()}`;
    const client = new ResourceProviderClient(address, credentials.createInsecure());
    return new ProviderProcess(folder, child, client, lines, engine);
  }

  /** Calls one method of the protocol. */
  call<Request, Response>(method: Unary<Request, Response>, request: Request): Promise<Response> {
    return new Promise((resolve, reject) => {
      method.call(this.client, request, (error, response) => {
        if (error) reject(error);
        else resolve(response);
      });
    });
  }

  async stop(): Promise<void> {
    this.client.close();
    this.engine.forceShutdown();
    if (this.child.exitCode === null) {
      const ended = once(this.child, 'exit');
      this.child.kill('SIGINT');
      await ended;
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}
