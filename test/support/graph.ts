import * as pulumi from '@pulumi/pulumi';

/** One resource as the program registered it. */
export interface Registered {
  readonly type: string;
  readonly name: string;
  readonly urn: string;
  readonly parent: string;
  readonly custom: boolean;
  readonly inputs: Record<string, unknown>;
  readonly protect: boolean;
  readonly retainOnDelete: boolean;
  readonly deletedWith: string;
  readonly dependencies: readonly string[];
  readonly additionalSecretOutputs: readonly string[];
}

interface Request {
  getType(): string;
  getName(): string;
  getParent(): string;
  getCustom(): boolean;
  getObject(): { toJavaScript(): Record<string, unknown> };
  getProtect(): boolean;
  getRetainondelete(): boolean;
  getDeletedwith(): string;
  getDependenciesList(): string[];
  getAdditionalsecretoutputsList(): string[];
}

interface Monitor {
  registerResource(
    request: Request,
    callback: (error: unknown, response?: { getUrn(): string }) => void,
  ): unknown;
}

/** What a provider would answer, by type; a type that is missing is a resource that the test does not expect. */
export type Answers = Readonly<Record<string, (name: string) => Record<string, unknown>>>;

/**
 * Runs `program` under Pulumi's mocks (no engine, no provider) and returns what it registered.
 * With `preview`, outputs are unknown, as at the first preview of a new stack.
 */
export async function graph(
  program: () => void,
  answers: Answers,
  preview: boolean,
): Promise<Registered[]> {
  const registered: Registered[] = [];
  const unexpected = new Set<string>();
  // The engine marks these outputs as secret; the mocks know nothing of it.
  const secretOutputs = new Map<string, readonly string[]>();
  await pulumi.runtime.setMocks(
    {
      call: () => ({}),
      newResource: ({ type, name, inputs, custom }) => {
        const outputs = answers[type];
        if (custom && !outputs) unexpected.add(type);
        const state: Record<string, unknown> = {
          ...(inputs as Record<string, unknown>),
          ...(preview ? {} : outputs?.(name)),
        };
        for (const output of secretOutputs.get(`${type} ${name}`) ?? []) {
          if (output in state) state[output] = pulumi.secret(state[output]);
        }
        return { id: custom && !preview ? `${name}-id` : '', state };
      },
    },
    'strata',
    'test',
    preview,
  );
  const monitor = pulumi.runtime.getMonitor() as unknown as Monitor;
  const register = monitor.registerResource.bind(monitor);
  monitor.registerResource = (request, callback) => {
    secretOutputs.set(
      `${request.getType()} ${request.getName()}`,
      request.getAdditionalsecretoutputsList(),
    );
    return register(request, (error, response) => {
      registered.push(described(request, response?.getUrn() ?? ''));
      callback(error, response);
    });
  };
  program();
  await pulumi.runtime.disconnect();
  if (unexpected.size)
    throw new Error(
      `the program registered ${[...unexpected].join(', ')}, which this test does not expect`,
    );
  return registered;
}

function described(request: Request, urn: string): Registered {
  return {
    type: request.getType(),
    name: request.getName(),
    urn,
    parent: request.getParent(),
    custom: request.getCustom(),
    inputs: request.getObject().toJavaScript(),
    protect: request.getProtect(),
    retainOnDelete: request.getRetainondelete(),
    deletedWith: request.getDeletedwith(),
    dependencies: request.getDependenciesList(),
    additionalSecretOutputs: request.getAdditionalsecretoutputsList(),
  };
}
