/** Types of AWS that cost nothing themselves; what they switch on is counted at what uses it. */
const free: ReadonlySet<string> = new Set([
  'aws:acm/certificate:Certificate',
  'aws:acm/certificateValidation:CertificateValidation',
  'aws:autoscaling/policy:Policy',
  'aws:backup/selection:Selection',
  'aws:backup/vault:Vault',
  'aws:ec2/defaultSecurityGroup:DefaultSecurityGroup',
  'aws:ec2/eipAssociation:EipAssociation',
  'aws:ec2/flowLog:FlowLog',
  'aws:ec2/internetGateway:InternetGateway',
  'aws:ec2/launchTemplate:LaunchTemplate',
  'aws:ec2/route:Route',
  'aws:ec2/routeTable:RouteTable',
  'aws:ec2/routeTableAssociation:RouteTableAssociation',
  'aws:ec2/securityGroup:SecurityGroup',
  'aws:ec2/securityGroupRule:SecurityGroupRule',
  'aws:ec2/subnet:Subnet',
  'aws:ec2/volumeAttachment:VolumeAttachment',
  'aws:ec2/vpc:Vpc',
  'aws:elasticache/parameterGroup:ParameterGroup',
  'aws:elasticache/subnetGroup:SubnetGroup',
  'aws:elasticache/user:User',
  'aws:elasticache/userGroup:UserGroup',
  'aws:iam/instanceProfile:InstanceProfile',
  'aws:iam/policy:Policy',
  'aws:iam/role:Role',
  'aws:iam/rolePolicy:RolePolicy',
  'aws:iam/rolePolicyAttachment:RolePolicyAttachment',
  'aws:kms/alias:Alias',
  'aws:lb/listener:Listener',
  'aws:lb/listenerRule:ListenerRule',
  'aws:lb/targetGroup:TargetGroup',
  'aws:lb/targetGroupAttachment:TargetGroupAttachment',
  'aws:rds/parameterGroup:ParameterGroup',
  'aws:rds/subnetGroup:SubnetGroup',
  'aws:route53/record:Record',
  'aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration',
  'aws:s3/bucketObject:BucketObject',
  'aws:s3/bucketObjectv2:BucketObjectv2',
  'aws:s3/bucketOwnershipControls:BucketOwnershipControls',
  'aws:s3/bucketPolicy:BucketPolicy',
  'aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock',
  'aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration',
  'aws:s3/bucketVersioning:BucketVersioning',
  'aws:secretsmanager/secretVersion:SecretVersion',
  'aws:sns/topic:Topic',
  'aws:sns/topicPolicy:TopicPolicy',
  'aws:sns/topicSubscription:TopicSubscription',
  'aws:ssm/parameter:Parameter',
  'aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule',
  'aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule',
  'aws:wafv2/webAclAssociation:WebAclAssociation',
]);

/** Providers, components and resources of ours are nothing that AWS knows. */
const notOfAws = /^(?:pulumi|strata|random):/;

/** Whether a resource of this type is known to cost nothing. */
export function isFree(type: string): boolean {
  return free.has(type) || notOfAws.test(type);
}

export const freeTypes: readonly string[] = [...free];
