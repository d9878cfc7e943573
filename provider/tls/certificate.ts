import { z } from 'zod';
import { differences } from '../local/changes';
import type { Resource } from '../host/resource';
import { authorityProblem, isDue, issueCertificate, usages, type Usage } from './issue';
import { namesInput } from './names';

/** The longest that browsers accept is 398. */
export const validityDays = 397;

const renewBelowDays = 30;

/**
 * The certificate of a server or a client (EC P-256, 397 days), signed by an authority. The first `up` that finds less than 30 days
 * left renews it, with a new key.
 *
 * @example
 * new Certificate('gateway', {
 *   authority: authority.certificate, authorityKey: authority.key, names: ['api.example.com', '127.0.0.1'],
 * }, { parent: this });
 */
export interface CertificateInputs {
  /** The authority's certificate, PEM. */
  authority: string;
  /** The authority's key, PEM; secret. */
  authorityKey: string;
  /** Host names, also such as `*.example.com`, and IP addresses: at least one. */
  names: string[];
  /** Who shows it; a server when not given. */
  usage?: Usage;
}

export interface CertificateState extends CertificateInputs {
  /** PEM: its own, then the authority's. */
  certificate: string;
  /** PEM (PKCS #8); secret. */
  key: string;
  /** ISO 8601. */
  expires: string;
}

export const certificate: Resource<CertificateInputs, CertificateState> = {
  inputs: z.object({
    authority: z.string(),
    authorityKey: z.string(),
    names: namesInput,
    usage: z.enum(usages).optional(),
  }),
  computed: ['certificate', 'key', 'expires'],
  volatile: ['certificate', 'key', 'expires'],

  check({ authority, authorityKey }) {
    const problem = authorityProblem(authority, authorityKey);
    return Promise.resolve(
      problem === undefined ? [] : [{ property: 'authority', reason: `authority ${problem}` }],
    );
  },

  diff: (state, inputs) => ({
    ...differences(state, inputs, ['authority', 'names', 'usage'], 'update'),
    ...(isDue(state.expires, renewBelowDays) && { expires: 'update' as const }),
  }),

  create: async (inputs, { name }) => ({ id: name, state: await issue(inputs) }),

  read: (_id, state) => Promise.resolve(state),

  update: (_id, _state, inputs) => issue(inputs),

  delete: () => Promise.resolve(),
};

async function issue(inputs: CertificateInputs): Promise<CertificateState> {
  const { authority, authorityKey, names, usage } = inputs;
  const by = { certificate: authority, key: authorityKey };
  return { ...inputs, ...(await issueCertificate(names, validityDays, by, usage)) };
}
