import * as pulumi from '@pulumi/pulumi';
import { serviceLabel, stackLabel } from '../../../provider/docker/names';

/** What the engine calls a part of this stack: other stacks and other software run on it too. */
export function engineName(part: string): string {
  return `strata-${pulumi.getStack()}-${part}`;
}

/** On everything of this stack, for whoever looks at the engine; sorted as the plugin wants it. */
export function labels(service: string): { label: string; value: string }[] {
  return [
    { label: serviceLabel, value: service },
    { label: stackLabel, value: pulumi.getStack() },
  ];
}
