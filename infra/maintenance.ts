import { Duration, Validations } from 'aws-cdk-lib'
import { Rule, RuleTargetInput, Schedule } from 'aws-cdk-lib/aws-events'
import { LambdaFunction as FunctionTarget } from 'aws-cdk-lib/aws-events-targets'
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda'
import type { Bucket } from 'aws-cdk-lib/aws-s3'
import { Construct } from 'constructs'
import { allowLake, makeFunction } from './function.ts'
import { tell } from './outputs.ts'
import type { Settings } from './settings.ts'
import { maintenance } from './shape.ts'

/** Schedules → function: windows of idle shards, small files, what nobody needs any more. */
export class Maintenance extends Construct {
  readonly function: LambdaFunction

  constructor(scope: Construct, settings: Settings, lake: Bucket) {
    super(scope, 'Maintenance')
    this.function = makeFunction(this, '', { shape: maintenance, settings, lake })
    allowLake(this.function, lake, maintenance.access)
    // Lambda's own: it tries an event of a schedule twice more, and late, if it is let.
    this.function.configureAsyncInvoke({ retryAttempts: 0, maxEventAge: Duration.minutes(1) })
    Validations.of(this.function).acknowledge({
      id: 'Serverless-LambdaAsyncFailureDestination',
      reason: 'The event says nothing but the name of the job: its next one is as good.',
    })
    for (const [job, expression] of Object.entries(maintenance.schedules)) {
      const rule = new Rule(this, job, {
        description: `sluice ${job}`,
        schedule: Schedule.expression(expression),
        targets: [
          new FunctionTarget(this.function, {
            event: RuleTargetInput.fromObject({ job }),
            // The next run does what this one did not.
            retryAttempts: 0,
          }),
        ],
      })
      Validations.of(rule).acknowledge({
        id: 'Serverless-EventBusDLQ',
        reason: 'The event says nothing but the name of the job: its next one is as good.',
      })
    }
    tell(this, { MaintenanceFunction: this.function.functionName })
  }
}
