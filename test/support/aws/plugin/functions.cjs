'use strict';
// Functions of Lambda and what calls them: recorded, for the emulator runs them in containers.
const lab = require('./lab.cjs');
const { P, tagging, shorten } = lab.require('kit');

const arn = async (c, service, rest) =>
  `arn:${c.partition}:${service}:${c.region}:${await c.account()}:${rest}`;

const settings =
  'name>FunctionName role runtime handler description timeout memorySize environment deadLetterConfig vpcConfig kmsKeyArn>KMSKeyArn layers tracingConfig ephemeralStorage loggingConfig';
const lambda = {
  props: P(
    'architectures:list? code:any description handler kmsKeyArn layers:list memorySize:int=128 name*^ packageType^=Zip publish:bool=false reservedConcurrentExecutions:int=-1 role! runtime s3Bucket s3Key s3ObjectVersion skipDestroy:bool=false sourceCodeHash? timeout:int=3',
    {
      deadLetterConfig: ['obj', P('targetArn!')],
      environment: ['obj', P('variables:map')],
      ephemeralStorage: ['obj computed', P('size:int?')],
      loggingConfig: ['obj computed', P('applicationLogLevel logFormat! logGroup? systemLogLevel')],
      tracingConfig: ['obj computed', P('mode!')],
      vpcConfig: ['obj', P('securityGroupIds:set! subnetIds:set!')],
    },
  ),
  outs: 'arn codeSha256 invokeArn lastModified qualifiedArn qualifiedInvokeArn sourceCodeSize version',
  tags: tagging.recorded,
  autoname: shorten(64),
  id: (i) => i.name,
  create(i, c) {
    const Code = i.s3Bucket
      ? { S3Bucket: i.s3Bucket, S3Key: i.s3Key, S3ObjectVersion: i.s3ObjectVersion }
      : { ZipFile: Buffer.from(JSON.stringify(i.code)) };
    const members = `${settings} architectures packageType publish`;
    return ['Lambda.createFunction', c.params('Lambda.createFunction', i, members, { Code })];
  },
  update: (i, c) => [
    'Lambda.updateFunctionConfiguration',
    c.params('Lambda.updateFunctionConfiguration', i, settings),
  ],
  async made(i, c, id) {
    const own = await arn(c, 'lambda', `function:${id}`);
    const invoked = `arn:${c.partition}:apigateway:${c.region}:lambda:path/2015-03-31/functions`;
    return {
      arn: own,
      qualifiedArn: `${own}:$LATEST`,
      invokeArn: `${invoked}/${own}/invocations`,
      version: '$LATEST',
    };
  },
};

const permission = {
  props: P(
    'action!^ eventSourceToken^ function!^ functionUrlAuthType^ principal!^ principalOrgId^ qualifier^ sourceAccount^ sourceArn^ statementId*^',
  ),
  blank: 'statementIdPrefix',
  autoname: shorten(100),
  id: (i) => i.statementId,
  create: (i, c) => [
    'Lambda.addPermission',
    c.params(
      'Lambda.addPermission',
      i,
      'action eventSourceToken function>FunctionName functionUrlAuthType principal principalOrgId>PrincipalOrgID qualifier sourceAccount sourceArn statementId',
    ),
  ],
};

const retries = {
  props: P('functionName!^ maximumEventAgeInSeconds:int maximumRetryAttempts:int=2 qualifier^', {
    destinationConfig: [
      'obj',
      { onFailure: ['obj', P('destination!')], onSuccess: ['obj', P('destination!')] },
    ],
  }),
  id: (i) => i.functionName,
  create: (i, c) => retryCall(i, c),
  update: (i, c) => retryCall(i, c),
};
const retryCall = (i, c) => [
  'Lambda.putFunctionEventInvokeConfig',
  c.params(
    'Lambda.putFunctionEventInvokeConfig',
    i,
    'functionName maximumEventAgeInSeconds maximumRetryAttempts qualifier destinationConfig',
  ),
];

const ruleCall = (i, c) => [
  'EventBridge.putRule',
  c.params(
    'EventBridge.putRule',
    i,
    'name description eventBusName eventPattern roleArn scheduleExpression state',
  ),
];
const rule = {
  props: P(
    'description eventBusName^=default eventPattern:json forceDestroy:bool=false name*^ roleArn scheduleExpression state=ENABLED',
  ),
  blank: 'namePrefix',
  outs: 'arn',
  tags: tagging.recorded,
  autoname: shorten(64),
  id: (i) => i.name,
  create: ruleCall,
  update: ruleCall,
  made: async (i, c, id) => ({ arn: await arn(c, 'events', `rule/${id}`) }),
};

const targetCall = (i) => [
  'EventBridge.putTargets',
  {
    Rule: i.rule,
    EventBusName: i.eventBusName,
    Targets: [
      {
        Id: i.targetId,
        Arn: i.arn,
        RoleArn: i.roleArn,
        Input: i.input,
        InputPath: i.inputPath,
        InputTransformer: i.inputTransformer && {
          InputPathsMap: i.inputTransformer.inputPaths,
          InputTemplate: i.inputTransformer.inputTemplate,
        },
        DeadLetterConfig: i.deadLetterConfig && { Arn: i.deadLetterConfig.arn },
        RetryPolicy: i.retryPolicy && {
          MaximumEventAgeInSeconds: i.retryPolicy.maximumEventAgeInSeconds,
          MaximumRetryAttempts: i.retryPolicy.maximumRetryAttempts,
        },
      },
    ],
  },
];
const target = {
  props: P(
    'arn! eventBusName^=default forceDestroy:bool=false input inputPath roleArn rule!^ targetId*^',
    {
      deadLetterConfig: ['obj', P('arn')],
      inputTransformer: ['obj', P('inputPaths:map inputTemplate!')],
      retryPolicy: ['obj', P('maximumEventAgeInSeconds:int maximumRetryAttempts:int')],
    },
  ),
  autoname: shorten(64),
  id: (i) => `${i.rule}-${i.targetId}`,
  create: targetCall,
  update: targetCall,
};

module.exports = {
  'lambda/function:Function': lab.recorded(lambda),
  'lambda/permission:Permission': lab.recorded(permission),
  'lambda/functionEventInvokeConfig:FunctionEventInvokeConfig': lab.recorded(retries),
  'cloudwatch/eventRule:EventRule': lab.recorded(rule),
  'cloudwatch/eventTarget:EventTarget': lab.recorded(target),
};
