import type { ResourceRule } from '../rule';
import { secretsIn } from '../secrets-in';
import { at, given, shown } from '../values';

const functionType = 'aws:lambda/function:Function';

/** Who may call a function, and what is told about it. */
export const functions: readonly ResourceRule[] = [
  {
    name: 'no-secrets-in-functions',
    description:
      'The environment of a function holds no secret: the console and the state show it. Let the function read the ' +
      "secret from Secrets Manager with its role's credentials.",
    types: [functionType],
    problems: ({ props, secrets }) => {
      if (secrets.includes('environment')) return ['environment is made of a secret'];
      const variables = at(props, 'environment', 'variables');
      if (typeof variables !== 'object' || variables === null) return [];
      return Object.entries(variables).flatMap(([name, value]) =>
        typeof value === 'string'
          ? secretsIn(`${name}=${value}`).map((found) => `environment: ${found}`)
          : [],
      );
    },
  },
  {
    name: 'functions-log-here',
    description:
      'Functions write into a log group of the platform, which is encrypted with its key and ages. Give its name in ' +
      'loggingConfig.logGroup.',
    types: [functionType],
    problems: ({ props }) => {
      const group = at(props, 'loggingConfig', 'logGroup');
      return given(group) ? [] : [`loggingConfig.logGroup is ${shown(group)}`];
    },
  },
  {
    name: 'no-open-functions',
    description:
      'A function is called by what is named, and by nobody from the internet. Give principal and sourceArn, and no ' +
      'function URL without IAM.',
    types: ['aws:lambda/permission:Permission', 'aws:lambda/functionUrl:FunctionUrl'],
    problems: ({ type, props }) => {
      if (type.endsWith('FunctionUrl')) {
        return props.authorizationType === 'NONE' ? ['authorizationType is "NONE"'] : [];
      }
      return [
        ...(props.principal === '*' ? ['principal is "*"'] : []),
        ...(given(props.sourceArn) ? [] : ['sourceArn is not set']),
      ];
    },
  },
];
