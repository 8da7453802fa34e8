import { CfnOutput } from 'aws-cdk-lib'
import type { Construct } from 'constructs'

/** What `sluice doctor` and `sluice redrive` find everything by: the stack's outputs, so named. */
export function tell(scope: Construct, outputs: Record<string, string>): void {
  for (const [name, value] of Object.entries(outputs)) {
    new CfnOutput(scope, `${name}Output`, { value }).overrideLogicalId(name)
  }
}
