import { existsSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type Document, isMap, isScalar, parseDocument, YAMLMap } from 'yaml';
import { shortName } from '../provider/local/folders';
import { UserError } from './errors';
import { root } from './root';

const longest = 1024 * 1024;
const config = ['config'] as const;
const services = [...config, 'strata:customServices'] as const;

/** A stack's file as its user wrote it: read, and given custom services, with comments and order kept. */
export class StackServices {
  private constructor(
    readonly stack: string,
    /** `Pulumi.<stack>.yaml` */
    readonly name: string,
    private readonly file: string,
    private readonly document: Document,
  ) {}

  /** Reads the file of `stack`; an empty one when there is none. Throws when it is not a stack's. */
  static read(stack: string): StackServices {
    const name = `Pulumi.${shortName(stack)}.yaml`;
    const file = path.join(root, name);
    if (existsSync(file) && statSync(file).size > longest) {
      throw new UserError(`${name} is larger than 1 MB: that is no stack's file.`);
    }
    const document: Document = parseDocument(existsSync(file) ? readFileSync(file, 'utf8') : '');
    const [error] = document.errors;
    if (error) throw new UserError(`${name} is not valid YAML: ${error.message}`);
    const made = new StackServices(stack, name, file, document);
    made.requireGroups();
    return made;
  }

  /** What the file says of one setting, such as `target`; `undefined` when it says nothing. */
  setting(name: string): unknown {
    return this.value([...config, `strata:${name}`]);
  }

  /** Custom services by name, as the file has them. */
  customServices(): Readonly<Record<string, Readonly<Record<string, unknown>>>> {
    return (this.value(services) ?? {}) as Record<string, Record<string, unknown>>;
  }

  /** Adds custom services behind those that are there. */
  add(added: Readonly<Record<string, object>>): void {
    for (const at of [config, services]) {
      if (!isMap(this.document.getIn(at, true))) this.document.setIn(at, new YAMLMap());
      // `{}` would go on as one long line.
      (this.document.getIn(at, true) as YAMLMap).flow = false;
    }
    for (const [name, service] of Object.entries(added)) {
      this.document.setIn([...services, name], this.document.createNode(service));
    }
  }

  /** Writes the file, all of it or nothing. */
  save(): void {
    const unfinished = `${this.file}.${String(process.pid)}.tmp`;
    writeFileSync(unfinished, this.document.toString({ lineWidth: 0 }));
    renameSync(unfinished, this.file);
  }

  private value(at: readonly string[]): unknown {
    const node: unknown = this.document.getIn(at, true);
    if (isScalar(node)) return node.value;
    return isMap(node) ? node.toJS(this.document) : undefined;
  }

  private requireGroups(): void {
    for (const at of [[], config, services]) {
      const node: unknown = at.length ? this.document.getIn(at, true) : this.document.contents;
      const empty = node === null || node === undefined || (isScalar(node) && node.value === null);
      if (empty) return;
      const what = at.at(-1) ?? 'the file';
      if (!isMap(node)) throw new UserError(`${this.name}: ${what} is not a group of keys.`);
      if (at === services && node.has('secure')) {
        throw new UserError(
          `${this.name}: ${what} is encrypted as a whole, so nothing can be added to it. ` +
            'Secrets stand in strata:secrets, one by one.',
        );
      }
    }
  }
}
