import type { sendUnaryData, ServerUnaryCall } from '@grpc/grpc-js';
import {
  CreateResponse,
  ReadResponse,
  UpdateResponse,
  type CheckRequest,
  type CreateRequest,
  type DeleteRequest,
  type DiffRequest,
  type ReadRequest,
  type UpdateRequest,
} from '@pulumi/pulumi/proto/provider_pb';
import { Empty } from 'google-protobuf/google/protobuf/empty_pb';
import type { Struct } from 'google-protobuf/google/protobuf/struct_pb';
import { UserError } from '../../engine/errors';
import { problemsOf } from './checking';
import type { Engine } from './engine';
import { checkResponse, diffResponse, failure } from './messages';
import type { AnyResource, Context } from './resource';
import { parseUrn } from './urn';
import { receive, redact, send, unknown, type Received, type Values } from './values';

/** One call: the resource it is for, its context, and an unpacker that remembers what is secret. */
interface Call<Request> {
  readonly request: Request;
  readonly resource: AnyResource;
  readonly context: Context;
  readonly unpack: (struct: Struct | undefined) => Received;
}

/** The calls that are being worked on. */
export class Running {
  private readonly calls = new Set<Promise<unknown>>();

  add(call: Promise<unknown>): void {
    this.calls.add(call);
    void call.finally(() => this.calls.delete(call));
  }

  /** Resolves once no call is being worked on. */
  async settled(): Promise<void> {
    while (this.calls.size > 0) await Promise.allSettled(this.calls);
  }
}

/** What the engine asks of a resource: check, diff, create, read, update, delete. */
export function operations(
  resources: Readonly<Record<string, AnyResource>>,
  engine: Engine,
  signal: AbortSignal,
  running: Running,
) {
  /** Turns a function into a handler of the server; whatever it throws becomes one sentence without secrets. */
  function handler<Request extends { getUrn(): string }, Response>(
    work: (call: Call<Request>) => Promise<Response>,
  ) {
    return (call: ServerUnaryCall<Request, Response>, callback: sendUnaryData<Response>): void => {
      const secrets = new Set<string>();
      const safe = (text: string) => redact(text, secrets);
      const { request } = call;
      const run = async () => {
        const urn = request.getUrn();
        const { stack, type, name } = parseUrn(urn);
        const resource = resources[type];
        if (!resource) {
          throw new UserError(
            `strata has no resource ${type}: it has ${Object.keys(resources).join(', ')}`,
          );
        }
        const context: Context = {
          urn,
          stack,
          name,
          signal,
          progress: (text) => engine.progress(urn, safe(text)),
          warn: (text) => engine.warn(urn, safe(text)),
        };
        const unpack = (struct: Struct | undefined) => {
          const received = receive(struct);
          received.secretTexts.forEach((text) => secrets.add(text));
          return received;
        };
        return work({ request, resource, context, unpack });
      };
      running.add(
        run().then(
          (response) => {
            callback(null, response);
          },
          (error: unknown) => {
            callback(failure(error, safe));
          },
        ),
      );
    };
  }
  return {
    check: handler(check),
    diff: handler(diff),
    create: handler(create),
    read: handler(read),
    update: handler(update),
    delete: handler(remove),
  };
}

async function check({ request, resource, context, unpack }: Call<CheckRequest>) {
  const olds = unpack(request.getOlds());
  const recorded = Object.keys(olds.values).length > 0 ? olds : undefined;
  const problems = await problemsOf(resource, unpack(request.getNews()), recorded, context);
  return checkResponse(request.getNews(), problems);
}

function diff({ request, resource, unpack }: Call<DiffRequest>) {
  const state = unpack(request.getOlds()).values;
  const inputs = unpack(request.getNews()).values;
  const ignored = request.getIgnorechangesList();
  const changes = Object.entries(resource.diff(state, inputs)).filter(
    ([name]) => !ignored.includes(name),
  );
  const isInput = (path: string) => (path.split('.')[0] ?? '') in resource.inputs.shape;
  return Promise.resolve(diffResponse(state, inputs, Object.fromEntries(changes), isInput));
}

async function create({ request, resource, context, unpack }: Call<CreateRequest>) {
  const { values, secretProperties } = unpack(request.getProperties());
  if (request.getPreview()) {
    return new CreateResponse().setProperties(
      send(planned(values, resource.computed), secretProperties),
    );
  }
  const { id, state } = await resource.create(values, context);
  return new CreateResponse().setId(id).setProperties(send(state, secretProperties));
}

async function read({ request, resource, context, unpack }: Call<ReadRequest>) {
  const recorded = latest(unpack(request.getProperties()), unpack(request.getInputs()));
  if (Object.keys(recorded.values).length === 0) {
    throw new UserError(
      `${context.name} cannot be imported: strata's resources are only known by what made them`,
    );
  }
  const state = (await resource.read(request.getId(), recorded.values, context)) as
    Values | undefined;
  if (!state) return new ReadResponse();
  const inputs = Object.keys(resource.inputs.shape).map((name) => [name, state[name]]);
  return new ReadResponse()
    .setId(request.getId())
    .setProperties(send(state, recorded.secretProperties))
    .setInputs(send(Object.fromEntries(inputs) as Values, recorded.secretProperties));
}

async function update({ request, resource, context, unpack }: Call<UpdateRequest>) {
  const recorded = unpack(request.getOlds());
  const { values, secretProperties } = unpack(request.getNews());
  const secret = [...secretProperties, ...computedSecrets(recorded, resource)];
  if (request.getPreview()) {
    const kept = resource.computed.map((name) => [name, recorded.values[name]]);
    const outputs = { ...(Object.fromEntries(kept) as Values), ...values };
    return new UpdateResponse().setProperties(
      send(planned(outputs, resource.volatile ?? []), secret),
    );
  }
  if (!resource.update) throw new UserError(`${context.name} cannot be changed in place`);
  const state = await resource.update(request.getId(), recorded.values, values, context);
  return new UpdateResponse().setProperties(send(state, secret));
}

async function remove({ request, resource, context, unpack }: Call<DeleteRequest>) {
  const recorded = latest(unpack(request.getProperties()), unpack(request.getOldInputs()));
  await resource.delete(request.getId(), recorded.values, context);
  return new Empty();
}

/**
 * What is recorded, with the inputs as they were last given: an input that is no difference (a connection's URL) is
 * kept by the engine as an input, while the outputs stay as they were made.
 */
function latest(state: Received, inputs: Received): Received {
  if (Object.keys(state.values).length === 0) return state;
  return {
    values: { ...state.values, ...inputs.values },
    secretProperties: new Set([...state.secretProperties, ...inputs.secretProperties]),
    secretTexts: new Set([...state.secretTexts, ...inputs.secretTexts]),
  };
}

/** What a resource will look like, as far as a preview can tell: the outputs named in `open` are unknown. */
function planned(outputs: Values, open: readonly string[]): Values {
  return { ...outputs, ...Object.fromEntries(open.map((name) => [name, unknown])) };
}

/** Secret outputs that no input of the same name made secret. */
function computedSecrets(recorded: Received, resource: AnyResource): string[] {
  return resource.computed.filter((name) => recorded.secretProperties.has(name));
}
