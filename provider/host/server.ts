import { Server, ServerCredentials, type sendUnaryData, type ServerUnaryCall } from '@grpc/grpc-js';
import { setTimeout as sleep } from 'node:timers/promises';
import { Empty } from 'google-protobuf/google/protobuf/empty_pb';
import { ResourceProviderService } from '@pulumi/pulumi/proto/provider_grpc_pb';
import {
  CheckResponse,
  ConfigureResponse,
  DiffResponse,
  GetSchemaResponse,
  type CheckRequest,
} from '@pulumi/pulumi/proto/provider_pb';
import { PluginInfo, type PluginAttach } from '@pulumi/pulumi/proto/plugin_pb';
import { UserError } from '../../engine/errors';
import { Engine, watchParent } from './engine';
import { failure } from './messages';
import { operations, Running } from './operations';
import type { AnyResource } from './resource';

const cleanUpMs = 1_500;

/** A provider: its name and version, and its resources by type token (`strata:local:Postgres`). */
export interface Provider {
  readonly name: string;
  readonly version: string;
  readonly resources: Readonly<Record<string, AnyResource>>;
}

/**
 * Serves a provider to the Pulumi engine until the engine ends this process, or is gone itself.
 *
 * The engine passes its address as the only argument and reads the port of this server from the first line of stdout.
 */
export function serve(provider: Provider): void {
  const engine = new Engine();
  const stopping = new AbortController();
  const address = process.argv.slice(2).find((argument) => !argument.startsWith('-'));
  if (address) engine.attach(address);

  const running = new Running();
  const stop = () => {
    stopping.abort(new UserError('interrupted'));
    // Whoever waits for something cleans up first; an engine that was killed leaves nothing half made.
    void Promise.race([running.settled(), sleep(cleanUpMs)]).then(() => process.exit(0));
  };
  watchParent(stop);
  // This process has a group of its own, so these come from the engine, when it is done, and not from the terminal.
  process.on('SIGINT', stop).on('SIGTERM', stop);

  const server = new Server({
    'grpc.max_receive_message_length': -1,
    'grpc.max_send_message_length': -1,
  });
  server.addService(ResourceProviderService, {
    ...lifecycle(provider, engine, stopping),
    ...operations(provider.resources, engine, stopping.signal, running),
  });
  server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => {
    if (error) throw error;
    process.stdout.write(`${port}\n`);
  });
}

/** What the engine asks of any provider, whatever its resources. */
function lifecycle(provider: Provider, engine: Engine, stopping: AbortController) {
  const { name, version } = provider;
  return {
    getPluginInfo: answer(() => new PluginInfo().setVersion(version)),
    getSchema: answer(() => new GetSchemaResponse().setSchema(JSON.stringify({ name, version }))),
    attach: answer((request: PluginAttach) => {
      engine.attach(request.getAddress());
      return new Empty();
    }),
    checkConfig: answer((request: CheckRequest) =>
      new CheckResponse().setInputs(request.getNews()),
    ),
    diffConfig: answer(() => new DiffResponse()),
    configure: answer(() =>
      new ConfigureResponse().setAcceptsecrets(true).setSupportspreview(true),
    ),
    cancel: answer(() => {
      stopping.abort(new UserError('interrupted'));
      return new Empty();
    }),
  };
}

function answer<Request, Response>(respond: (request: Request) => Response) {
  return (call: ServerUnaryCall<Request, Response>, callback: sendUnaryData<Response>): void => {
    try {
      callback(null, respond(call.request));
    } catch (error) {
      callback(failure(error, (text) => text));
    }
  };
}
