import { members } from './attacks/members';
import { privileges } from './attacks/privileges';
import { reading } from './attacks/reading';
import { spoofing } from './attacks/spoofing';
import { writing } from './attacks/writing';
import type { Attack } from './support/verdict';

/** Everything that is tried against a deployed database, by what it is about; each must fail. */
export const topics = { reading, writing, members, spoofing, privileges } as const;
export type Topic = keyof typeof topics;

export const attacks: readonly Attack[] = Object.values(topics).flat();
