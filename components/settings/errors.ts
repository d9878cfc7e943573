import { UserError } from '../../engine/errors';

/** One thing that is wrong with the settings. */
export interface Problem {
  /** As the user writes it, such as `strata:tenancy.tenants.acme.members.ann`. */
  readonly key: string;
  /** What is wrong, to be read behind the key: `is not a known key`. */
  readonly reason: string;
  /** The value as it may be shown; never a secret. */
  readonly received?: string | undefined;
  readonly allowed?: string | undefined;
  /** What was probably meant. */
  readonly nearest?: string | undefined;
  /** What to do, as a sentence. */
  readonly advice?: string | undefined;
}

const shownAtMost = 100;

/**
 * The settings cannot be deployed. The message is the whole text to show; Pulumi shows it without a stack trace.
 */
export class SettingsError extends UserError {
  override readonly name = 'SettingsError';

  constructor(
    message: string,
    readonly problems: readonly Problem[] = [],
  ) {
    super(message);
  }
}

/** One error for all problems. */
export function settingsError(problems: readonly Problem[]): SettingsError {
  const count = problems.length === 1 ? 'One setting is' : `${problems.length} settings are`;
  const hidden = problems.length - shownAtMost;
  const lines = [
    `${count} wrong; nothing was changed.`,
    ...problems.slice(0, shownAtMost).map(renderProblem),
    ...(hidden > 0 ? [`… and ${hidden} more.`] : []),
    'Settings stand in Pulumi.<stack>.yaml below "config:"; Pulumi.yaml explains each.',
  ];
  return new SettingsError(lines.join('\n\n'), problems);
}

/** A problem in a few lines: the key and what is wrong, then what helps. */
function renderProblem({ key, reason, received, allowed, nearest, advice }: Problem): string {
  return [
    `  ${key} ${reason}`,
    ...(received === undefined ? [] : [`    received: ${received}`]),
    ...(allowed === undefined ? [] : [`    allowed:  ${allowed}`]),
    ...(nearest === undefined ? [] : [`    Did you mean ${nearest}?`]),
    ...(advice === undefined ? [] : [`    ${advice}`]),
  ].join('\n');
}
