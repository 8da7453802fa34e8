/** How numbers, sizes and times are written. */

const whole = new Intl.NumberFormat('en')
const short = new Intl.NumberFormat('en', { maximumFractionDigits: 1 })

/** 12345 → `12,345` */
export function count(value: number): string {
  return whole.format(value)
}

/** 1536 → `1.5 kB`, by 1024 as most tools do. */
export function bytes(value: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  let size = value
  let unit = 0
  while (size >= 1000 && unit < units.length - 1) {
    size /= 1024
    unit++
  }
  const digits = size < 10 && unit > 0 ? short.format(size) : whole.format(Math.round(size))
  return `${digits} ${units[unit]}`
}

/** 0.0123 → `12 ms`, 75 → `1 min 15 s` */
export function duration(seconds: number): string {
  if (seconds < 0.9995) return `${Math.round(seconds * 1000)} ms`
  if (seconds < 59.95) return `${short.format(seconds)} s`
  const all = Math.round(seconds)
  const [hours, minutes, rest] = [Math.floor(all / 3600), Math.floor(all / 60) % 60, all % 60]
  if (hours === 0) return rest ? `${minutes} min ${rest} s` : `${minutes} min`
  return minutes ? `${whole.format(hours)} h ${minutes} min` : `${whole.format(hours)} h`
}

/** A part of a whole: 0.1234 → `12.3 %`; a little is never told as 0 %, nor almost all as 100 %. */
export function percent(part: number): string {
  if (part > 0 && part < 0.001) return '< 0.1 %'
  if (part < 1 && part > 0.999) return '> 99.9 %'
  return `${short.format(part * 100)} %`
}

/** How long ago: `now`, `12 s ago`, `3 min ago`, `5 h ago`, then the reader's day. */
export function relative(at: string, now: number): string {
  const seconds = Math.round((now - Date.parse(at)) / 1000)
  if (Number.isNaN(seconds)) return at
  if (seconds < 5) return 'now'
  if (seconds < 60) return `${seconds} s ago`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`
  if (seconds < 24 * 3600) return `${Math.floor(seconds / 3600)} h ago`
  const then = new Date(at)
  const isThisYear = then.getFullYear() === new Date(now).getFullYear()
  const year = isThisYear ? {} : ({ year: 'numeric' } as const)
  return then.toLocaleDateString('en', { day: 'numeric', month: 'short', ...year })
}

/** To the second, with the reader's zone: `14 Mar 2026, 09:30:00 UTC`. */
export function exact(at: string): string {
  const then = new Date(at)
  if (Number.isNaN(then.getTime())) return at
  return then.toLocaleString('en-GB', {
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    timeZoneName: 'short',
  })
}
