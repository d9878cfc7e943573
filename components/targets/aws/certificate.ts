import * as aws from '@pulumi/aws';
import * as pulumi from '@pulumi/pulumi';

export interface PublicCertificateArgs {
  /** `example.org`: the certificate is for it and for all names below it. */
  readonly domain: string;
  /** Id of the Route 53 zone that has the domain. */
  readonly zone: string;
}

/** A certificate of AWS's authority; it renews itself for as long as the record that proves the domain stands. */
export class PublicCertificate extends pulumi.ComponentResource {
  /** Known once the certificate is issued. */
  readonly arn: pulumi.Output<string>;

  constructor(
    name: string,
    { domain, zone }: PublicCertificateArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super('strata:aws:PublicCertificate', name, {}, opts);
    const parent = { parent: this };
    const certificate = new aws.acm.Certificate(
      name,
      {
        domainName: domain,
        subjectAlternativeNames: [`*.${domain}`],
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
        // Other certificates for the domain are proved by it as well.
        allowOverwrite: true,
      },
      parent,
    );
    const issued = new aws.acm.CertificateValidation(
      name,
      { certificateArn: certificate.arn, validationRecordFqdns: [record.fqdn] },
      parent,
    );
    this.arn = issued.certificateArn;
    this.registerOutputs({ arn: this.arn });
  }
}
