import { App, Validations } from 'aws-cdk-lib'
import { AwsSolutionsChecks, ServerlessChecks } from 'cdk-nag'
import { PipelineStack } from './pipeline-stack.ts'
import { readSettings } from './settings.ts'

/** What `cdk` runs (cdk.json). */
const app = new App()
const settings = readSettings(app)
new PipelineStack(app, `sluice-${settings.stage}`, settings)
Validations.of(app).addPlugins(new AwsSolutionsChecks(app), new ServerlessChecks(app))
