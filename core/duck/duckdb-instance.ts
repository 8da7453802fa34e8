import {
  BOOLEAN,
  type DuckDBConnection,
  DuckDBInstance,
  DuckDBScalarFunction,
  type DuckDBScalarMainFunction,
  VARCHAR,
} from '@duckdb/node-api'
import { scalarFunctions } from '../types/predicate.ts'
import { settings } from './duckdb-settings.ts'

/** An instance whose SQL can call our functions of a name and a text (types/predicate.ts). */
export async function createInstance(threads: string, spill: string): Promise<DuckDBInstance> {
  const instance = await DuckDBInstance.create(':memory:', settings(threads, spill))
  const connection = await instance.connect()
  for (const { name, of } of scalarFunctions) {
    const returnType = name === 'sluice_holds' ? BOOLEAN : VARCHAR
    const mainFunction: DuckDBScalarMainFunction = (_, input, output) => {
      const [names, texts] = [input.getColumnVector(0), input.getColumnVector(1)]
      for (let row = 0; row < input.rowCount; row++) {
        const text = texts.getItem(row)
        output.setItem(row, typeof text === 'string' ? of(String(names.getItem(row)), text) : null)
      }
      output.flush()
    }
    const shape = { name, parameterTypes: [VARCHAR, VARCHAR], returnType, mainFunction }
    connection.registerScalarFunction(DuckDBScalarFunction.create(shape))
  }
  connection.closeSync()
  return instance
}

export async function connect(instance: DuckDBInstance): Promise<DuckDBConnection> {
  const connection = await instance.connect()
  await connection.run("SET TimeZone = 'UTC'")
  return connection
}
