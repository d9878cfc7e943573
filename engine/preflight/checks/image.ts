import { DescribeImagesCommand } from '@aws-sdk/client-ec2';
import { GetParameterCommand } from '@aws-sdk/client-ssm';
import { imageParameter } from '../../../components/targets/aws/constants';
import { type Check, type Finding, ok, wrong } from '../check';
import type { Clients } from '../clients';

const name = 'image';

/** The region has the image that servers are started from. */
export const image: Check = {
  name,
  permissions: ['ssm:GetParameter', 'ec2:DescribeImages'],
  async run({ region, image: given }, clients) {
    return [await (given === undefined ? newest(region, clients) : named(given, region, clients))];
  },
};

async function newest(region: string, { ssm }: Clients): Promise<Finding> {
  try {
    const { Parameter } = await ssm.send(new GetParameterCommand({ Name: imageParameter }));
    return ok(name, `Ubuntu 24.04: ${Parameter?.Value ?? '?'}`);
  } catch (error) {
    if ((error as Error).name !== 'ParameterNotFound') throw error;
    return wrong(
      name,
      `Canonical publishes no Ubuntu 24.04 in region ${region} (parameter ${imageParameter})`,
      'Choose another region: strata:aws.region.',
    );
  }
}

async function named(id: string, region: string, { ec2 }: Clients): Promise<Finding> {
  // By a filter: an id that there is not is an empty answer then, and no error.
  const { Images: [found] = [] } = await ec2.send(
    new DescribeImagesCommand({ Filters: [{ Name: 'image-id', Values: [id] }] }),
  );
  if (found?.State !== 'available') {
    return wrong(
      name,
      `${id} is not there for this account in region ${region}`,
      'Set strata:aws.image to an image of this region, or take it out: then it is Canonical’s newest Ubuntu 24.04.',
    );
  }
  if (found.Architecture !== 'x86_64') {
    return wrong(
      name,
      `${id} is for ${found.Architecture ?? 'no known processor'}, and images are built for x86_64`,
      'Set strata:aws.image to one for x86_64.',
    );
  }
  return ok(name, `${found.Name ?? 'without a name'}: ${id}`);
}
