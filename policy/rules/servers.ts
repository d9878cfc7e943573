import type { Recorded, ResourceRule } from '../rule';
import { secretsIn } from '../secrets-in';
import { at, given, is, shown } from '../values';

const types = ['aws:ec2/instance:Instance', 'aws:ec2/launchTemplate:LaunchTemplate'] as const;

/** What a server tells about itself and whom. */
export const servers: readonly ResourceRule[] = [
  {
    name: 'metadata-v2',
    description:
      "Only the server itself reads its role's credentials, and only with a token (IMDSv2). Set metadataOptions: " +
      "httpTokens 'required' and httpPutResponseHopLimit 1, so that no container and no forged request gets them.",
    types,
    problems: metadata,
  },
  {
    name: 'no-secrets-in-user-data',
    description:
      'User data holds no secret: the console, the metadata service and the state show it. Let the server fetch the ' +
      "secret from Secrets Manager with its role's credentials.",
    types,
    problems: ({ props, secrets }) =>
      ['userData', 'userDataBase64'].flatMap((property) => {
        const value = props[property];
        if (secrets.includes(property)) return [`${property} is made of a secret`];
        return typeof value === 'string'
          ? secretsIn(value).map((found) => `${property}: ${found}`)
          : [];
      }),
  },
];

function metadata({ props }: Recorded): string[] {
  // What its launch template says counts where it says nothing.
  if (given(props.launchTemplate) && !given(props.metadataOptions)) return [];
  const tokens = at(props, 'metadataOptions', 'httpTokens');
  const hops = at(props, 'metadataOptions', 'httpPutResponseHopLimit');
  if (at(props, 'metadataOptions', 'httpEndpoint') === 'disabled') return [];
  return [
    ...(is(tokens, 'required') ? [] : [`httpTokens is ${shown(tokens)}`]),
    ...(is(hops, 1) ? [] : [`httpPutResponseHopLimit is ${shown(hops)}`]),
  ];
}
