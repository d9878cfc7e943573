import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { root } from './root';

/** What a new custom service can start from: templates/service/<name>, and how it runs without containers. */
export const templates = {
  node: { command: ['node', 'server.mjs'], prepare: 'npm install' },
  python: {
    command: ['python3', '-m', 'gunicorn', 'service:app'],
    prepare: 'python3 -m pip install -r requirements.txt',
  },
  go: { command: ['go', 'run', '.'], prepare: 'go mod download' },
} as const;

export type TemplateName = keyof typeof templates;

export const templateNames = Object.keys(templates) as TemplateName[];

/** Stands for the service's name in a template's files. */
const placeholder = 'strata-service';

/** What working on a template leaves behind. */
const leftovers = new Set(['node_modules', 'package-lock.json', '__pycache__', '.venv']);

/** The files of a template, relative to it. */
export function templateFiles(template: TemplateName): string[] {
  return readdirSync(templateFolder(template)).filter((name) => !leftovers.has(name));
}

/**
 * Copies a template's files into `folder`, which is made, with the service's name in them.
 * Throws when the folder is there already.
 */
export function copyTemplate(template: TemplateName, name: string, folder: string): void {
  if (existsSync(folder)) throw new Error(`${folder} is there already`);
  mkdirSync(folder, { recursive: true });
  for (const file of templateFiles(template)) {
    const target = path.join(folder, file);
    cpSync(path.join(templateFolder(template), file), target);
    const text = readFileSync(target, 'utf8');
    if (text.includes(placeholder)) writeFileSync(target, text.replaceAll(placeholder, name));
  }
}

function templateFolder(template: TemplateName): string {
  return path.join(root, 'templates', 'service', template);
}
