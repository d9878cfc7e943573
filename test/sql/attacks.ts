import { members } from './attacks/members';
import { privileges } from './attacks/privileges';
import { reading } from './attacks/reading';
import { spoofing } from './attacks/spoofing';
import { writing } from './attacks/writing';
import type { Attack } from './support/verdict';

/** Everything that is tried against a deployed database; each must fail. */
export const attacks: readonly Attack[] = [
  ...reading,
  ...writing,
  ...members,
  ...spoofing,
  ...privileges,
];
