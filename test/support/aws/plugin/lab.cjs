'use strict';
const path = require('node:path');

/** The lab's plugin, where it is installed, and what its tables are written with. */
const folder = process.env.STRATA_LAB_PLUGIN;
const lab = {
  path: (...names) => path.join(folder, ...names),
  require: (name) => require(path.join(folder, `${name}.js`)),
  /** One of botocore's models, without its ending. */
  model: (name) => path.join(process.env.STRATA_BOTOCORE_DATA, name),
  recorded,
};

/**
 * An entry of what the emulator lacks, or of what nobody asks it for: the calls are checked, and the resource is kept in the
 * plugin's records. `create` and `update` give a call and its parameters, `made` gives the outputs.
 */
function recorded({ create, update, id, made = () => ({}), ...entry }) {
  return {
    recorded: true,
    ...entry,
    async create(inputs, c) {
      validate(c, create(inputs, c));
      const name = id(inputs);
      return c.record(name, { ...inputs, ...(await made(inputs, c, name)) });
    },
    ...(update && {
      async update(name, inputs, c, { olds }) {
        validate(c, update(inputs, c, name));
        c.record(name, { ...olds, ...inputs, ...(await made(inputs, c, name)) });
      },
    }),
  };
}

/** What is not given must not be there at all. */
function validate(c, [name, parameters]) {
  c.validate(name, given(parameters));
}

function given(value) {
  if (Array.isArray(value)) return value.map(given);
  if (value === null || typeof value !== 'object' || Buffer.isBuffer(value)) return value;
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(members.map(([key, member]) => [key, given(member)]));
}

module.exports = lab;
