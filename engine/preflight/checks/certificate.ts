import { DescribeCertificateCommand } from '@aws-sdk/client-acm';
import { type Check, ok, warning, wrong } from '../check';

/** Days before its end at which a certificate that nobody renews is worth a word. */
const soonDays = 30;

/** A certificate that is given is issued, is of this region and has the domain's names. */
export const certificate: Check = {
  name: 'certificate',
  permissions: ['acm:DescribeCertificate'],
  async run({ certificate: arn, domain, region }, { acm }) {
    const name = 'certificate';
    if (arn === undefined) return [];
    const [, , , where] = arn.split(':');
    if (where !== region) {
      return [
        wrong(
          name,
          `${arn} is of region ${String(where)}, and a load balancer takes its own region’s only`,
          `Give one of ${region}: strata:aws.certificate.`,
        ),
      ];
    }
    const found = await acm.send(new DescribeCertificateCommand({ CertificateArn: arn }));
    const {
      Status,
      SubjectAlternativeNames = [],
      NotAfter,
      RenewalEligibility,
    } = found.Certificate ?? {};
    if (Status !== 'ISSUED') {
      return [
        wrong(
          name,
          `it is ${String(Status)}, not ISSUED`,
          'Prove it (its CNAME records), or give another: strata:aws.certificate.',
        ),
      ];
    }
    const missing = [domain, `*.${domain}`].filter(
      (wanted) => !SubjectAlternativeNames.includes(wanted),
    );
    if (missing.length > 0) {
      return [
        wrong(
          name,
          `it has no ${missing.join(' and no ')}, only ${SubjectAlternativeNames.join(', ')}`,
          'Give one that has both: strata:aws.certificate.',
        ),
      ];
    }
    const days = NotAfter ? Math.floor((NotAfter.getTime() - Date.now()) / 86_400_000) : Infinity;
    if (days < soonDays && RenewalEligibility !== 'ELIGIBLE') {
      return [
        warning(
          name,
          `it ends in ${days} days, and ACM does not renew it`,
          'Import its successor into the same ARN.',
        ),
      ];
    }
    return [ok(name, `issued for ${domain} and *.${domain}`)];
  },
};
