import * as aws from '@pulumi/aws';
import * as pulumi from '@pulumi/pulumi';

export interface PublicCertificateArgs {
  readonly domain: string;
  /** Whether it is for all names below the domain too. */
  readonly below: boolean;
  /** Id of the Route 53 zone that has the domain. */
  readonly zone: string;
  /** Where it is kept; the provider's region when not given. */
  readonly region?: string;
}

/**
 * A certificate of AWS's authority; it renews itself for as long as the record that proves the domain stands.
 *
 * **Cost**: nothing.
 *
 * @example
 * new PublicCertificate('certificate', {
 *   domain: 'example.org', below: true, zone: 'Z0123456789',
 * }, { parent })
 */
export class PublicCertificate extends pulumi.ComponentResource {
  /** Known once the certificate is issued. */
  readonly arn: pulumi.Output<string>;

  constructor(
    name: string,
    { domain, below, zone, region }: PublicCertificateArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super('strata:aws:PublicCertificate', name, {}, opts);
    const parent = { parent: this };
    const kept = region === undefined ? {} : { region };
    const certificate = new aws.acm.Certificate(
      name,
      {
        ...kept,
        domainName: domain,
        ...(below && { subjectAlternativeNames: [`*.${domain}`] }),
        validationMethod: 'DNS',
      },
      parent,
    );
    // The same record proves a domain and the names below it.
    const proof = certificate.domainValidationOptions.apply(([first]) => {
      if (!first) throw new Error(`AWS does not say how ${domain} is proved`);
      return first;
    });
    const record = new aws.route53.Record(
      name,
      {
        zoneId: zone,
        name: proof.resourceRecordName,
        type: proof.resourceRecordType,
        records: [proof.resourceRecordValue],
        ttl: 300,
        allowOverwrite: true,
      },
      // AWS proves every certificate for the domain by it, those of others too, and renews them only while it stands.
      { ...parent, retainOnDelete: true },
    );
    const issued = new aws.acm.CertificateValidation(
      name,
      { ...kept, certificateArn: certificate.arn, validationRecordFqdns: [record.fqdn] },
      parent,
    );
    this.arn = issued.certificateArn;
    this.registerOutputs({ arn: this.arn });
  }
}
