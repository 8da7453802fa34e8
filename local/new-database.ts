import { execute } from './one-statement.ts'

/**
 * A new database of a server; `drop` cuts off whoever is still in it.
 *
 * @param server the URL of any database of that server
 * @param template the database that it is a copy of, which nobody may be using
 */
export async function newDatabase(
  server: string,
  name: string,
  template = 'template0',
): Promise<{ url: string; drop(): Promise<void> }> {
  await execute(server, `CREATE DATABASE ${name} TEMPLATE ${template}`)
  const url = new URL(server)
  url.pathname = `/${name}`
  const drop = () => execute(server, `DROP DATABASE ${name} WITH (FORCE)`)
  return { url: url.href, drop }
}
