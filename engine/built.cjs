'use strict';
// Keeps programs as they were built: each command starts several of them and deploys ten more, and building takes
// seconds. They are found by a hash of whatever they are made of, so that what was edited is what runs.
const { createHash, randomUUID } = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');

const root = path.dirname(__dirname);
const place = path.join(root, 'node_modules', '.cache', 'strata', 'programs');

const sources = ['components', 'engine', 'images.lock.json', 'index.ts', 'policy', 'provider'];
/** The packages that are wanted and those that are installed, and what esbuild is told; each where it is there. */
const settings = [
  'package.json',
  'package-lock.json',
  'node_modules/.package-lock.json',
  'tsconfig.json',
];

/** Of the sources when this process asked first: what it runs and what it builds are of one state. */
let atFirst;

/** What was built of no source that is there now is forgotten after this. */
const keptMs = 60 * 60 * 1000;

/**
 * The text of a program: `build` is asked when nothing was kept of these very sources, packages and options. It returns
 * the text and the files that went into it; with one from elsewhere, such as an application's, nothing is kept.
 */
function built(entry, options, build) {
  const before = isOurs(entry) ? (atFirst ??= sourcesHash()) : undefined;
  if (before === undefined) return build().text;
  const folder = path.join(place, before);
  const file = path.join(folder, `${hash([JSON.stringify([entry, options])])}.cjs`);
  const kept = read(file);
  if (kept !== undefined) return kept;
  // What was edited in the meantime may be in the text or not.
  const isUnchanged = sourcesHash() === before;
  const { text, inputs } = build();
  if (isUnchanged && inputs.every(isHashed) && sourcesHash() === before) keep(folder, file, text);
  return text;
}

/** Of the platform, and not of an application. */
function isOurs(file) {
  return sources.includes(file.split('/')[0]);
}

function isHashed(input) {
  return isOurs(input) || settings.includes(input) || input.split('/').includes('node_modules');
}

/** A file that a loss of power left without its end, or that somebody forgets at this moment, is not there. */
function read(file) {
  try {
    const [, sum, text] = /^\/\/ ([0-9a-f]+)\n(.*)$/s.exec(fs.readFileSync(file, 'utf8')) ?? [];
    return text !== undefined && hash([text]) === sum ? text : undefined;
  } catch {
    return undefined;
  }
}

/** In one piece: others build at the same time, and anyone may be killed. */
function keep(folder, file, text) {
  try {
    if (!fs.existsSync(folder)) forget();
    fs.mkdirSync(folder, { recursive: true });
    const unfinished = `${file}.${randomUUID()}`;
    fs.writeFileSync(unfinished, `// ${hash([text])}\n${text}`);
    fs.renameSync(unfinished, file);
  } catch {
    // A folder that takes nothing costs only time.
  }
}

function forget() {
  if (!fs.existsSync(place)) return;
  for (const name of fs.readdirSync(place)) {
    const folder = path.join(place, name);
    try {
      if (Date.now() - fs.statSync(folder).mtimeMs < keptMs) continue;
      fs.rmSync(folder, { recursive: true, force: true });
    } catch {
      // Another user's, or another process forgets it too.
    }
  }
}

/** Nothing where a file cannot be read, such as an editor's lock or one that is gone again. */
function sourcesHash() {
  try {
    const files = [...sources, ...settings].filter(isThere).flatMap(filesOf);
    return hash(files.sort().flatMap((name) => [name, fs.readFileSync(path.join(root, name))]));
  } catch {
    return undefined;
  }
}

function filesOf(name) {
  const place = path.join(root, name);
  if (!fs.statSync(place).isDirectory()) return [name];
  return fs
    .readdirSync(place, { recursive: true, withFileTypes: true })
    .filter((file) => !file.isDirectory())
    .map((file) => path.relative(root, path.join(file.parentPath, file.name)));
}

function isThere(name) {
  return fs.existsSync(path.join(root, name));
}

/** Each piece with its length, so that no two lists make one. */
function hash(pieces) {
  const sum = createHash('sha256');
  for (const piece of pieces) sum.update(`${Buffer.byteLength(piece)}:`).update(piece);
  return sum.digest('hex');
}

module.exports = { built, isOurs };
