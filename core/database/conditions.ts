/** The conditions of a WHERE that depend on what was asked, and the values that they are of. */
export class Conditions {
  readonly values: unknown[] = []
  readonly #all: string[] = []

  /** The name under which a value stands, anywhere in the statement: `$3`. */
  name(value: unknown): string {
    this.values.push(value)
    return `$${this.values.length}`
  }

  and(sql: string): this {
    this.#all.push(sql)
    return this
  }

  /** Adds a condition on a value, unless there is none. */
  on<T>(value: T | undefined, sql: (name: string) => string): this {
    return value === undefined ? this : this.and(sql(this.name(value)))
  }

  toString(): string {
    return this.#all.join(' AND ')
  }
}
