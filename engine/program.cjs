'use strict';
// What Pulumi runs: the program from its sources. Its exports are the stack's outputs.
module.exports = require('./load.cjs').load('index.ts');
