import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { copySample } from '../local/sample.fixture.ts'
import { root } from './pages.fixture.ts'

/** The terminal of someone who types a page: one bash, in a folder of its own. */

export interface Typed {
  output: string
  /** Exit codes other than 0, each with its command. */
  failed: { code: number; command: string }[]
}

/** What of the repository is in a clone, beside `data`, which is copied. */
const linked = ['package.json', 'node_modules', 'setup.sql', 'bin', 'cli', 'infra', 'docs']
/** So long (ms) a command that goes on is waited for to say what the page shows. */
const PATIENCE = 120_000

export class Terminal {
  readonly folder: string
  readonly #home: string
  readonly #bash: ChildProcess
  #blocks = 0
  /** The process group of the command that goes on, and where its output is. */
  #started: { group: number; log: string } | undefined
  /** What that had said before the last block was typed. */
  #before = 0

  /**
   * @param clone whether it stands in a clone of the repository, else in an empty folder
   * @param variables of its environment, beside those of this process
   */
  constructor(clone: boolean, variables: NodeJS.ProcessEnv) {
    this.#home = fs.mkdtempSync(join(tmpdir(), 'sluice-docs-'))
    this.folder = join(this.#home, 'here')
    fs.mkdirSync(this.folder)
    if (clone) makeClone(this.folder)
    const bin = join(this.#home, 'bin')
    makeCommands(bin)
    this.#bash = spawn('bash', ['--noprofile', '--norc'], {
      cwd: this.folder,
      // Its own group: whatever is left in it ends with it.
      detached: true,
      env: {
        ...process.env,
        PATH: [bin, join(root, 'node_modules/.bin'), process.env.PATH].join(delimiter),
        TMPDIR: this.#home,
        NO_COLOR: '1',
        FORCE_COLOR: undefined,
        ...variables,
      },
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    this.#bash.stdin?.write(
      `set -E; trap 'echo "$? $BASH_COMMAND" >> "${this.#home}/failed"' ERR\n`,
    )
  }

  /** Types a block, and waits for its end. */
  async type(text: string): Promise<Typed> {
    const { script, log } = this.#block(text)
    fs.rmSync(join(this.#home, 'failed'), { force: true })
    if (this.#started) this.#before = fs.readFileSync(this.#started.log, 'utf8').length
    await this.#say(`. ${script} < /dev/null > ${log} 2>&1`)
    return { output: fs.readFileSync(log, 'utf8'), failed: this.#failed() }
  }

  /** Types a command that goes on until `stop`. */
  async start(text: string): Promise<void> {
    await this.stop()
    const { script, log } = this.#block(text)
    fs.writeFileSync(log, '')
    const job = `(. ${script}) < /dev/null > ${log} 2>&1 &`
    const group = Number(await this.#say(`set -m; ${job} set +m; echo $!`))
    this.#started = { group, log }
    this.#before = 0
  }

  /**
   * Waits until what was started says what is wanted.
   *
   * @returns what it has said since the last block was typed
   */
  async until(isWanted: (output: string) => boolean): Promise<string> {
    const log = this.#started?.log
    if (log === undefined) throw new Error('nothing was started on this page')
    const end = Date.now() + PATIENCE
    for (;;) {
      const output = fs.readFileSync(log, 'utf8').slice(this.#before)
      if (isWanted(output) || Date.now() > end) return output
      await sleep(50)
    }
  }

  /** Ctrl-C. */
  async stop(): Promise<void> {
    if (!this.#started) return
    const { group } = this.#started
    this.#started = undefined
    await this.#say(`kill -INT -- -${group} 2> /dev/null; wait ${group} 2> /dev/null`)
  }

  async close(): Promise<void> {
    await this.stop()
    this.#bash.stdin?.end()
    await once(this.#bash, 'close')
    fs.rmSync(this.#home, { recursive: true, force: true })
  }

  #block(text: string): { script: string; log: string } {
    const script = join(this.#home, `block-${++this.#blocks}.sh`)
    fs.writeFileSync(script, text)
    return { script, log: `${script}.log` }
  }

  /** @returns what the shell itself printed for the line */
  async #say(line: string): Promise<string> {
    const { stdin, stdout } = this.#bash
    const ended = new Promise<string>((resolve, reject) => {
      let told = ''
      const read = (part: Buffer) => {
        told += part
        if (!told.includes('\u0004')) return
        stdout?.off('data', read)
        this.#bash.off('close', reject)
        resolve(told.slice(0, told.indexOf('\u0004')))
      }
      stdout?.on('data', read)
      this.#bash.once('close', reject)
    })
    stdin?.write(`${line}\nprintf '\\004'\n`)
    return ended
  }

  #failed(): Typed['failed'] {
    const file = join(this.#home, 'failed')
    if (!fs.existsSync(file)) return []
    const lines = fs.readFileSync(file, 'utf8').split('\n')
    return lines.flatMap((line) => {
      const [, code, command] = /^(\d+) (.*)/.exec(line) ?? []
      // The shell tells the last one's code once more, as that of the block.
      const isOwn = command === undefined || command.startsWith(`. ${this.#home}`)
      return isOwn ? [] : { code: Number(code), command }
    })
  }
}

function makeClone(folder: string): void {
  for (const name of linked) fs.symlinkSync(join(root, name), join(folder, name))
  copySample(join(folder, 'data'))
}

/** `sluice`, and of npm what starts it: npm itself would first install what is there already. */
function makeCommands(folder: string): void {
  fs.mkdirSync(folder)
  const cli = `exec ${process.execPath} ${join(root, 'cli/sluice.ts')}`
  const npm = `case "$*" in
    start*) shift; script=start ;;
    "run --silent sluice -- "*) shift 4; script= ;;
    "run sluice -- "*) shift 3; script= ;;
    "run sluice"*) shift 2; script= ;;
    *) echo "npm $*: not known here" >&2; exit 2 ;;
  esac
  [ "\${1-}" != -- ] || shift
  npm_command=run-script npm_package_name=sluice ${cli} $script "$@"`
  fs.writeFileSync(join(folder, 'sluice'), `#!/bin/bash\n${cli} "$@"\n`, { mode: 0o755 })
  fs.writeFileSync(join(folder, 'npm'), `#!/bin/bash\n${npm}\n`, { mode: 0o755 })
}
