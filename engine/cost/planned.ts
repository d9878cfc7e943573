import * as pulumi from '@pulumi/pulumi';
import { names } from '../../components/data/names';
import { Platform } from '../../components/platform';
import { projectName } from '../session';
import type { Settings } from '../../components/settings/schema';
import type { Recorded } from './recorded';

/*
 * The program itself says what it makes: it runs here without an engine and without providers, and nothing is asked of
 * AWS. So an estimate needs neither credentials nor a plugin, and cannot differ from what `up` registers.
 */

/** The request in which a resource is registered; the SDK's types leave it out. */
interface Request {
  getType(): string;
  getName(): string;
  getObject(): { toJavaScript(): Record<string, unknown> };
  getPropertydependenciesMap(): {
    forEach(see: (value: { getUrnsList(): string[] }, property: string) => void): void;
  };
}

interface Monitor {
  registerResource(
    request: Request,
    callback: (error: unknown, response?: { getUrn(): string }) => void,
  ): unknown;
}

/** What a deployment of these settings would make. `values` are the config that they were read from. */
export function planned(
  stack: string,
  settings: Settings,
  values: Readonly<Record<string, string>>,
): Promise<Recorded[]> {
  return registeredBy(stack, values, () => new Platform(names.platform, settings));
}

/** What a program registers; everything that only a provider could know is unknown in it, as in a first preview. */
export async function registeredBy(
  stack: string,
  values: Readonly<Record<string, string>>,
  program: () => void,
): Promise<Recorded[]> {
  const registered: Recorded[] = [];
  await pulumi.runtime.setMocks(
    {
      call: ({ inputs }) => inputs as Record<string, unknown>,
      newResource: ({ inputs }) => ({ id: '', state: inputs as Record<string, unknown> }),
    },
    projectName(),
    stack,
    true,
  );
  pulumi.runtime.setAllConfig({ ...values }, ['strata:secrets']);
  const monitor = pulumi.runtime.getMonitor() as unknown as Monitor;
  const register = monitor.registerResource.bind(monitor);
  monitor.registerResource = (request, callback) =>
    register(request, (error, response) => {
      registered.push({
        urn: response?.getUrn() ?? '',
        type: request.getType(),
        name: request.getName(),
        inputs: request.getObject().toJavaScript(),
        from: sourcesOf(request),
      });
      callback(error, response);
    });
  program();
  await pulumi.runtime.disconnect();
  return registered;
}

function sourcesOf(request: Request): Recorded['from'] {
  const sources: Record<string, readonly string[]> = {};
  request.getPropertydependenciesMap().forEach((value, property) => {
    sources[property] = value.getUrnsList();
  });
  return sources;
}
