import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { makeFolder, shortName } from '../provider/local/folders';

const saltLine = /^encryptionsalt:.*\r?\n?/m;
const secretValue = /(^|[\s{,-])secure:\s/m;

/**
 * Keeps the salt of a generated passphrase out of a stack's file.
 *
 * Pulumi writes the salt, and its own formatting with it, into Pulumi.<stack>.yaml. The passphrase belongs to this
 * clone alone, so a committed file must not carry its salt; the state has it. Only when the user keeps secrets in the
 * file (`pulumi config set --secret`) does the salt have to stay, because they are encrypted with it.
 */
export class StackFile {
  private readonly file: string;
  /** What a killed command leaves for the next one. */
  private readonly copy: string;
  private original: string | undefined;

  constructor(root: string, stack: string) {
    const name = shortName(stack);
    this.file = path.join(root, `Pulumi.${name}.yaml`);
    this.copy = path.join(root, '.strata', 'stacks', name, path.basename(this.file));
  }

  /** Before the engine runs: undoes what a killed command left, and remembers the file as it is. */
  remember(): void {
    if (existsSync(this.copy)) {
      this.original = readFileSync(this.copy, 'utf8');
      this.restore();
    }
    this.original = existsSync(this.file) ? readFileSync(this.file, 'utf8') : '';
    if (saltLine.test(this.original)) return;
    makeFolder(path.dirname(this.copy));
    writeFileSync(this.copy, this.original);
  }

  /**
   * After the engine ran: takes the salt out, and Pulumi's formatting with it when nothing else changed.
   * Returns a sentence when the salt had to stay and was not there before.
   */
  restore(): string | undefined {
    const before = this.original ?? '';
    rmSync(this.copy, { force: true });
    if (!existsSync(this.file)) return undefined;
    const after = readFileSync(this.file, 'utf8');
    if (!saltLine.test(after)) return undefined;
    if (secretValue.test(after)) {
      if (saltLine.test(before)) return undefined;
      return (
        `${path.basename(this.file)} now holds a secret, so it keeps its encryptionsalt: ` +
        'both can be read only with the passphrase of this clone (.strata/passphrase).'
      );
    }
    const without = after.replace(saltLine, '');
    const clean = squeeze(without) === squeeze(before.replace(saltLine, '')) ? before : without;
    const result = clean.replace(saltLine, '');
    if (result) writeFileSync(this.file, result);
    else rmSync(this.file);
    return undefined;
  }
}

/** Pulumi changes nothing but white space, flow brackets' spacing included. */
function squeeze(text: string): string {
  return text.replace(/\s/g, '');
}
