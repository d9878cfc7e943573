'use strict';
// The lab's plugin for @pulumi/aws with further resources. They are entries of its own tables, in its own notation, and its
// parameters are checked by AWS's models as all others are; it is a stand-in for Pulumi's provider, as the lab's plugin is.
const path = require('node:path');
const lab = require('./lab.cjs');

/** Services that the lab's plugin knows nothing of: the SDK's client, and AWS's model of the version that botocore has. */
const services = {
  CloudFront: ['cloudfront', 'cloudfront/2020-05-31/service-2'],
  EventBridge: ['eventbridge', 'events/2015-10-07/service-2'],
};

const { SERVICES } = lab.require('api');
for (const [name, [client, model]] of Object.entries(services)) {
  SERVICES[name] = [client, path.relative(lab.path('models'), lab.model(model))];
}

// The plugin puts its tables together when it is loaded: what stands in one of them by then, it has.
Object.assign(
  lab.require('data'),
  require('./identity.cjs'),
  require('./cache.cjs'),
  require('./keeping.cjs'),
  require('./functions.cjs'),
  require('./files.cjs'),
);
Object.assign(lab.require('compute'), require('./servers.cjs'));
lab.require('index');
