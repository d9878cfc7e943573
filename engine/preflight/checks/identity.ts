import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { messageOf } from '../../errors';
import { type Check, type Finding, ok, warning, wrong } from '../check';

const name = 'credentials';

const expired = new Set(['ExpiredToken', 'ExpiredTokenException', 'TokenRefreshRequired']);
const unknown = new Set([
  'InvalidClientTokenId',
  'SignatureDoesNotMatch',
  'UnrecognizedClientException',
]);

/** Whose credentials the environment has, and that AWS takes them. */
export const identity: Check = {
  name,
  permissions: [],
  async run(_subject, { sts }) {
    try {
      const { Account = '?', Arn = '?' } = await sts.send(new GetCallerIdentityCommand({}));
      return [ok(name, `account ${Account} as ${Arn}`), ...ofRoot(Arn)];
    } catch (error) {
      return [refusal(error as Error)];
    }
  },
};

function ofRoot(arn: string): Finding[] {
  if (!arn.endsWith(':root')) return [];
  return [
    warning(
      name,
      'they are the root user’s, whom no policy bounds',
      'Deploy as a user or role of its own; docs/aws.md lists what it must be allowed.',
    ),
  ];
}

function refusal(error: Error): Finding {
  if (error.name === 'CredentialsProviderError') {
    return wrong(
      name,
      'the environment has none',
      'Log in (aws sso login), or set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.',
    );
  }
  if (expired.has(error.name)) return wrong(name, 'they have expired', 'Log in again.');
  if (unknown.has(error.name)) {
    return wrong(
      name,
      'AWS does not take them',
      'Look which the environment has: aws configure list.',
    );
  }
  return wrong(
    name,
    `AWS cannot be asked: ${messageOf(error)}`,
    'Look at the network and at AWS_ENDPOINT_URL, then run it again.',
  );
}
