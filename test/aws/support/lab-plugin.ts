import path from 'node:path';
import { root } from '../../../engine/root';

const folder = path.join(root, '../shared/lab/plugins/aws');

/** Installs the lab's plugin for @pulumi/aws, which turns resources into calls of an emulator. */
export const labPlugin = path.join(folder, 'install.sh');

/** Starts moto with a fault of its launch templates mended. */
export const labMoto = path.join(folder, 'moto-lab.py');
