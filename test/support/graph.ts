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
  /** Property → URNs of the resources that its value comes from. */
  readonly propertyDependencies: Readonly<Record<string, readonly string[]>>;
  /** `urn::id` of an explicit provider. */
  readonly provider: string;
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
  getPropertydependenciesMap(): {
    entries(): Iterable<[string, { getUrnsList(): string[] }]>;
  };
  getProvider(): string;
  getAdditionalsecretoutputsList(): string[];
}

interface Monitor {
  registerResource(
    request: Request,
    callback: (error: unknown, response?: { getUrn(): string }) => void,
  ): unknown;
}

/**
 * What a provider would answer, by type (or by the beginning of one, with a `*` behind it); a type that is missing is a
 * resource that the test does not expect. Functions of a provider are asked by their token.
 */
export type Answers = Readonly<Record<string, Answer>>;
type Answer = (name: string, type: string) => Record<string, unknown>;

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
      call: ({ token }) => answers[token]?.('', token) ?? {},
      newResource: ({ type, name, inputs, custom }) => {
        const outputs = answerOf(answers, type);
        if (custom && !outputs) unexpected.add(type);
        const state: Record<string, unknown> = {
          ...(inputs as Record<string, unknown>),
          ...(preview ? {} : outputs?.(name, type)),
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
    propertyDependencies: propertyDependencies(request),
    provider: request.getProvider(),
    additionalSecretOutputs: request.getAdditionalsecretoutputsList(),
  };
}

function propertyDependencies(request: Request): Registered['propertyDependencies'] {
  const entries = [...request.getPropertydependenciesMap().entries()];
  return Object.fromEntries(entries.map(([property, from]) => [property, from.getUrnsList()]));
}

function answerOf(answers: Answers, type: string): Answer | undefined {
  const family = Object.keys(answers).find(
    (key) => key.endsWith('*') && type.startsWith(key.slice(0, -1)),
  );
  return answers[type] ?? (family === undefined ? undefined : answers[family]);
}
