'use strict';
// Hooks of scaling groups, and servers and volumes with their tags from the first moment, as Pulumi's provider makes them: the lab's plugin tags them in a
// second call, so that one that is killed between the two would leave what nobody can tell.
const lab = require('./lab.cjs');
const compute = lab.require('compute');
const { P, shorten, tagList } = lab.require('kit');

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

const settings = 'defaultResult heartbeatTimeout lifecycleTransition';
const hook = {
  props: P(
    'autoscalingGroupName!^ defaultResult? heartbeatTimeout:int lifecycleTransition! name*^ notificationMetadata notificationTargetArn roleArn',
  ),
  autoname: shorten(255),
  async create(i, c) {
    await hook.update(i.name, i, c);
    return i.name;
  },
  async read(id, c, { autoscalingGroupName }) {
    const asked = { AutoScalingGroupName: autoscalingGroupName };
    const { LifecycleHooks } = await c.call('AutoScaling.describeLifecycleHooks', asked);
    const found = LifecycleHooks.find(({ LifecycleHookName }) => LifecycleHookName === id);
    return found && { ...c.take(found, settings), autoscalingGroupName, name: id };
  },
  update: (id, n, c) =>
    c.do(
      'AutoScaling.putLifecycleHook',
      n,
      `name>LifecycleHookName autoscalingGroupName>AutoScalingGroupName ${settings}`,
    ),
  delete: (id, c, { autoscalingGroupName }) =>
    c.call('AutoScaling.deleteLifecycleHook', {
      AutoScalingGroupName: autoscalingGroupName,
      LifecycleHookName: id,
    }),
};

module.exports = {
  'autoscaling/lifecycleHook:LifecycleHook': hook,
  ...taggedAtOnce('ebs/volume:Volume', 'EC2.createVolume', 'volume'),
  ...taggedAtOnce('ec2/instance:Instance', 'EC2.runInstances', 'instance'),
};
