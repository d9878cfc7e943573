'use strict';
// What Pulumi runs: the program from its sources. Its exports are the stack's outputs.
// Pulumi takes a stack for each promise, and its own reader of source maps costs a tenth of the program's time; Node's is
// the one that `load` asks for.
Error.prepareStackTrace = undefined;
module.exports = require('./load.cjs').load('index.ts');
