import { PolicyPack } from '@pulumi/policy';
import { policiesOf } from './policies';
import { rules } from './rules';

new PolicyPack('strata', { policies: policiesOf(rules) });
