import { Stack } from 'aws-cdk-lib'
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import type { Bucket } from 'aws-cdk-lib/aws-s3'
import type { Construct } from 'constructs'
import { acknowledgeKeys } from './function.ts'
import { staging } from './shape.ts'

/**
 * By which Aurora fetches rows (`aws_s3`): to be associated with a cluster as its `s3Import`. Of
 * the two conditions that AWS recommends it has the one that suits any cluster of the account:
 * https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/USER_PostgreSQL.S3Import.html
 */
export function makeImportRole(scope: Construct, lake: Bucket): Role {
  const role = new Role(scope, 'ImportRole', {
    description: 'Aurora fetches rows that are staged in the lake',
    assumedBy: new ServicePrincipal('rds.amazonaws.com', {
      conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(scope).account } },
    }),
  })
  for (const statement of readParts(lake)) role.addToPolicy(statement)
  acknowledgeKeys(role, lake, [staging.prefix])
  return role
}

/** The parts, and nothing else. AWS asks for the list, too, which shows keys and no content. */
export function readParts(lake: Bucket): PolicyStatement[] {
  const parts = [lake.arnForObjects(`${staging.prefix}*`)]
  return [
    new PolicyStatement({ actions: ['s3:GetObject'], resources: parts }),
    new PolicyStatement({ actions: ['s3:ListBucket'], resources: [lake.bucketArn] }),
  ]
}
