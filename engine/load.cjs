'use strict';
// Runs a TypeScript entry point of this project by bundling it: what was edited is what runs, there is no build to go
// stale, and a start costs no more than with prebuilt JavaScript (`npm run bench -- load`). Types are checked by
// `npm run types`, never here.
const fs = require('node:fs');
const Module = require('node:module');
const path = require('node:path');
const { built, isOurs } = require('./built.cjs');

const root = path.dirname(__dirname);
const packagesFolder = path.join(root, 'node_modules');
const wanted = [22, 12];

/**
 * Bundles `entry` (a path below the project's root) and runs it; packages stay outside the bundle.
 * Throws one sentence, without a stack, on Windows, on a Node that is too old and on a source that cannot be bundled.
 */
function load(entry) {
  if (process.platform === 'win32') {
    throw sentence(
      'Strata runs on Linux and macOS, and this is Windows: run it in WSL (npm ci there, then npm run up).',
    );
  }
  const have = process.versions.node.split('.').map(Number);
  if (have[0] < wanted[0] || (have[0] === wanted[0] && have[1] < wanted[1])) {
    throw sentence(
      `Strata needs Node ${wanted.join('.')} or newer and this is ${process.versions.node}: ` +
        'use the npm scripts, which bring their own Node (npm run up), or put a newer node on PATH.',
    );
  }
  process.env.STRATA_ROOT = root;
  // The variable tells every Node that is started below this one.
  process.env.NODE_COMPILE_CACHE ||= path.join(packagesFolder, '.cache', 'strata', 'compiled');
  Module.enableCompileCache(process.env.NODE_COMPILE_CACHE);
  const file = path.join(root, entry);
  const program = new Module(file, module);
  // Only ours: those of every package would be read and parsed at each start.
  Module.setSourceMapsSupport?.(true, { nodeModules: false });
  program.filename = file;
  program.paths = Module._nodeModulePaths(path.dirname(file));
  program._compile(bundle(entry, { sourcemap: true }), compiledAs(entry));
  return program.exports;
}

/**
 * The name of a program, by which Node finds what it compiled: copies that share the packages of a checkout share that too.
 * An application's own files are looked for beside it.
 */
function compiledAs(entry) {
  const real = fs.realpathSync(packagesFolder);
  const isShared = isOurs(entry) && path.basename(real) === 'node_modules';
  return path.join(isShared ? path.dirname(real) : root, entry);
}

/** The text of an entry point as one CommonJS file; it depends on the sources alone. */
function bundle(entry, { sourcemap = false } = {}) {
  return text(entry, {
    packages: 'external',
    target: 'node22',
    sourcemap: sourcemap ? 'inline' : false,
  });
}

/** The same with all packages inside but those that are there where it runs. */
function standalone(entry, there = []) {
  return text(entry, {
    target: 'node22',
    minifySyntax: true,
    minifyWhitespace: true,
    // oidc-provider calls what it keeps by the names of its classes.
    keepNames: true,
    // A page for developers that grafserv loads only when asked for it; it is four times the size of all the rest.
    external: ['ruru/*', ...there],
  });
}

function text(entry, options) {
  return built(entry, options, () => build(entry, options));
}

/** The text, and the files that went into it. */
function build(entry, options) {
  try {
    const { outputFiles, metafile } = require('esbuild').buildSync({
      entryPoints: [path.resolve(root, entry)],
      absWorkingDir: root,
      bundle: true,
      platform: 'node',
      format: 'cjs',
      write: false,
      metafile: true,
      logLevel: 'silent',
      ...options,
    });
    return { text: outputFiles[0].text, inputs: Object.keys(metafile.inputs) };
  } catch (error) {
    throw sentence(error.message);
  }
}

/** An error that Pulumi shows without a stack: where it was thrown helps nobody. */
function sentence(message) {
  const { RunError } = require('@pulumi/pulumi/errors');
  return new RunError(message);
}

/** Changes whenever any package does. */
function packages() {
  const lock = fs.readFileSync(path.join(root, 'package-lock.json'));
  return require('node:crypto').createHash('sha256').update(lock).digest('hex');
}

module.exports = { bundle, load, packages, standalone };

if (require.main === module) {
  const [entry, ...args] = process.argv.slice(2);
  process.argv = [process.argv[0], path.join(root, entry), ...args];
  try {
    load(entry);
  } catch (error) {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}
