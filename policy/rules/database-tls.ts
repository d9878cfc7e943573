import type { ResourceRule } from '../rule';
import { at, is, list, notYetKnown, shown } from '../values';

const option = 'rds.force_ssl';

/** No database takes a connection without TLS. */
export const databaseTls: readonly ResourceRule[] = [
  {
    name: 'databases-force-tls',
    description: `Databases refuse connections without TLS. Set ${option} to 1 in the parameter group.`,
    types: [
      'aws:rds/parameterGroup:ParameterGroup',
      'aws:rds/clusterParameterGroup:ClusterParameterGroup',
    ],
    problems: ({ props }) => {
      const parameters = list(props.parameters);
      if (parameters.includes(notYetKnown)) return [];
      const value = at(
        parameters.find((parameter) => at(parameter, 'name') === option),
        'value',
      );
      return is(value, '1', 1) ? [] : [`${option} is ${shown(value)}`];
    },
  },
  {
    name: 'databases-own-parameters',
    description:
      "Databases have a parameter group of their own: AWS's default one cannot be changed. Give its name.",
    types: ['aws:rds/instance:Instance', 'aws:rds/cluster:Cluster'],
    problems: ({ type, props }) => {
      const property = type.endsWith('Cluster')
        ? 'dbClusterParameterGroupName'
        : 'parameterGroupName';
      const value = props[property];
      return is(value) || (typeof value === 'string' && !value.startsWith('default.'))
        ? []
        : [`${property} is ${shown(value)}`];
    },
  },
];
