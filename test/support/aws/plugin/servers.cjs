'use strict';
// Servers and volumes with their tags from the first moment, as Pulumi's provider makes them: the lab's plugin tags them in a
// second call, so that one that is killed between the two would leave what nobody can tell.
const lab = require('./lab.cjs');
const compute = lab.require('compute');
const { tagList } = lab.require('kit');

function taggedAtOnce(name, operation, ResourceType) {
  const entry = compute[name];
  const create = (inputs, c, more) => {
    const tags = { ResourceType, Tags: tagList(inputs.tags ?? {}) };
    const tagged = ({ TagSpecifications = [], ...parameters }) => ({
      ...parameters,
      TagSpecifications: [...TagSpecifications, tags],
    });
    const call = (called, given = {}) =>
      c.call(called, called === operation ? tagged(given) : given);
    const make = (called, from, spec, extra) => call(called, c.params(called, from, spec, extra));
    return entry.create(inputs, { ...c, call, do: make }, more);
  };
  return { [name]: { ...entry, create } };
}

module.exports = {
  ...taggedAtOnce('ebs/volume:Volume', 'EC2.createVolume', 'volume'),
  ...taggedAtOnce('ec2/instance:Instance', 'EC2.runInstances', 'instance'),
};
