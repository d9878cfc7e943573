import { thisMachine, type GatewaySettings } from '../../settings/gateway';
import type { FileContent } from '../service';
import type { Layout } from './input';
import { file, type Line } from './text';
import { machineFile } from './this-machine';

export const operatorUser = 'operator';

/**
 * The login of the platform's operators. The password is generated with more entropy than anybody can try, so a salted
 * hash would protect nothing that the file's own mode does not, and nginx would compute a slow one at each request, in
 * the process that serves everybody.
 */
export const operatorFile: FileContent = {
  template: `${operatorUser}:{PLAIN}{{OPERATOR}}\n`,
  secrets: { OPERATOR: { platform: 'operator' } },
};

/** access-operator.conf: both an allowed address and the login; neither is enough. */
export function operator({ operators }: GatewaySettings, layout: Layout, common: string): string {
  return file(
    '# Operators: an allowed address and the login, both.',
    'satisfy all;',
    operators.map((given) => (given === thisMachine ? machine(layout) : `allow ${given};`)),
    'deny all;',
    'auth_basic "Strata operators";',
    'auth_basic_user_file operators;',
    '',
    common,
  );
}

function machine(layout: Layout): Line {
  return ['allow 127.0.0.1;', `include ${machineFile(layout)};`];
}
