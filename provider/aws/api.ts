import type { AutoScaling } from '@aws-sdk/client-auto-scaling';
import type { ElasticLoadBalancingV2 } from '@aws-sdk/client-elastic-load-balancing-v2';
import type { EC2 } from '@aws-sdk/client-ec2';
import type { ElastiCache } from '@aws-sdk/client-elasticache';
import type { RDS } from '@aws-sdk/client-rds';
import type { SSM } from '@aws-sdk/client-ssm';
import { z } from 'zod';
import { messageOf, UserError } from '../../engine/errors';
import type { Context } from '../host/resource';

/** More than the library's usual 3: a deployment asks often, and AWS limits how often. */
const maxAttempts = 6;

/** AWS does not answer, or does not know us: an outage, which is not the absence of what it holds. */
export class AwsAwayError extends UserError {}

export const regionInput = z
  .string()
  .regex(/^[a-z]{2}(-[a-z]+)+-\d$/, 'must be a region such as eu-central-1');

/** Clients are loaded when first needed: where there is nothing on AWS they would only cost time at each start. */
export async function systemsManager(region: string): Promise<SSM> {
  const { SSM: Client } = await import('@aws-sdk/client-ssm');
  return new Client({ region, maxAttempts });
}

export async function computers(region: string): Promise<EC2> {
  const { EC2: Client } = await import('@aws-sdk/client-ec2');
  return new Client({ region, maxAttempts });
}

export async function autoScaling(region: string): Promise<AutoScaling> {
  const { AutoScaling: Client } = await import('@aws-sdk/client-auto-scaling');
  return new Client({ region, maxAttempts });
}

export async function loadBalancing(region: string): Promise<ElasticLoadBalancingV2> {
  const { ElasticLoadBalancingV2: Client } =
    await import('@aws-sdk/client-elastic-load-balancing-v2');
  return new Client({ region, maxAttempts });
}

export async function databases(region: string): Promise<RDS> {
  const { RDS: Client } = await import('@aws-sdk/client-rds');
  return new Client({ region, maxAttempts });
}

export async function caches(region: string): Promise<ElastiCache> {
  const { ElastiCache: Client } = await import('@aws-sdk/client-elasticache');
  return new Client({ region, maxAttempts });
}

/** Runs `work`, whose refusals by AWS become sentences for people. */
export async function withAws<T>(
  context: Pick<Context, 'signal'>,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    context.signal.throwIfAborted();
    throw inWords(error);
  }
}

/** Asks AWS for a resource's live state; while it is away what was recorded stands, and a warning says so. */
export async function readAws<T>(
  recorded: T,
  context: Context,
  ask: () => Promise<T | undefined>,
): Promise<T | undefined> {
  try {
    return await withAws(context, ask);
  } catch (error) {
    if (!(error instanceof AwsAwayError)) throw error;
    context.warn(`${error.message}\n${context.name} is taken to be as it was recorded`);
    return recorded;
  }
}

/** The name that AWS gives an error, such as `InvocationDoesNotExist`. */
export function isNamed(error: unknown, name: string): boolean {
  return error instanceof Error && error.name === name;
}

const without = /^(Credentials|Token)ProviderError$/;
const unknown =
  /^(ExpiredToken|InvalidClientTokenId|UnrecognizedClient|AuthFailure|RequestExpired|SignatureDoesNotMatch|InvalidSignature)/;
const forbidden = /^(AccessDenied|UnauthorizedOperation)/;

function inWords(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof UserError) return error;
  const { name, message, $fault, code } = error as Error & { $fault?: string; code?: string };
  if (without.test(name)) {
    return new AwsAwayError(
      `there are no credentials for AWS here: ${message}. Log in (aws sso login, aws configure) and name the profile ` +
        '(AWS_PROFILE), or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY',
    );
  }
  if (unknown.test(name)) {
    return new AwsAwayError(
      `AWS does not take these credentials: ${message} (${name}). Log in again, and see who you are with ` +
        'aws sts get-caller-identity',
    );
  }
  if (forbidden.test(name)) {
    return new UserError(`AWS does not permit it: ${message} (${name})`);
  }
  if ($fault === 'client') return new UserError(`AWS says: ${message} (${name})`);
  if ($fault !== undefined || code !== undefined || name === 'TimeoutError') {
    return new AwsAwayError(`AWS does not answer: ${code ?? name}: ${messageOf(error)}`);
  }
  return error;
}
