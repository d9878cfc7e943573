import { GetParameterCommand } from '@aws-sdk/client-ssm';
import { imageParameter } from '../../../components/targets/aws/constants';
import { type Check, ok, wrong } from '../check';

const name = 'image';

/** The region has the image that servers are started from. */
export const image: Check = {
  name,
  permissions: ['ssm:GetParameter'],
  async run({ region }, { ssm }) {
    try {
      const { Parameter } = await ssm.send(new GetParameterCommand({ Name: imageParameter }));
      return [ok(name, `Ubuntu 24.04: ${Parameter?.Value ?? '?'}`)];
    } catch (error) {
      if ((error as Error).name !== 'ParameterNotFound') throw error;
      return [
        wrong(
          name,
          `Canonical publishes no Ubuntu 24.04 in region ${region} (parameter ${imageParameter})`,
          'Choose another region: strata:aws.region.',
        ),
      ];
    }
  },
};
