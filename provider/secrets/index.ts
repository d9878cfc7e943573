import { password } from './password';

export const secrets = { 'strata:secrets:Password': password };
