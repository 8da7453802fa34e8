type Member = (value: unknown) => boolean

/**
 * Whether a text is a GeoJSON object: of a known type, with the members that the type asks for.
 * Other members may stand beside them.
 * Rules: RFC 7946, sections 3 and 5.
 */
export function isGeojson(text: string): boolean {
  const value = parsed(text)
  return isGeometry(value) || isFeature(value) || isCollection(value)
}

/** The JSON value of a text; undefined where it is none, or is nested deeper than the stack. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

export type Members = Record<string, unknown>

export function isObject(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** An array of so many at least, of which each is one. */
export function arrayOf(each: Member, least = 0): Member {
  return (value) => Array.isArray(value) && value.length >= least && value.every(each)
}

export const isNumber: Member = (value) => typeof value === 'number'

/** Longitude, latitude and perhaps altitude; more "SHOULD NOT" stand there, and may. */
const isPosition = arrayOf(isNumber, 2)
const isLine = arrayOf(isPosition, 2)
/** Closed: the last position is the first one. */
const isRing: Member = (value) =>
  arrayOf(isPosition, 4)(value) && JSON.stringify(first(value)) === JSON.stringify(last(value))

const first = (value: unknown) => (value as unknown[])[0]
const last = (value: unknown) => (value as unknown[]).at(-1)

const coordinates: Record<string, Member> = {
  Point: isPosition,
  MultiPoint: arrayOf(isPosition),
  LineString: isLine,
  MultiLineString: arrayOf(isLine),
  Polygon: arrayOf(isRing),
  MultiPolygon: arrayOf(arrayOf(isRing)),
}

const isGeometry: Member = (value) => {
  if (!isObject(value) || !hasBox(value)) return false
  if (value.type === 'GeometryCollection') return arrayOf(isGeometry)(value.geometries)
  const known = Object.hasOwn(coordinates, String(value.type))
  return known && coordinates[String(value.type)]!(value.coordinates)
}

const isFeature: Member = (value) => {
  if (!isObject(value) || value.type !== 'Feature' || !hasBox(value)) return false
  const { geometry, properties, id } = value
  const named = id === undefined || typeof id === 'string' || typeof id === 'number'
  const placed = geometry === null || isGeometry(geometry)
  return named && placed && (properties === null || isObject(properties))
}

const isCollection: Member = (value) => {
  if (!isObject(value) || value.type !== 'FeatureCollection' || !hasBox(value)) return false
  return arrayOf(isFeature)(value.features)
}

/** "The value of the bbox member MUST be an array of length 2*n": for each dimension two. */
export function hasBox({ bbox }: Members): boolean {
  if (bbox === undefined) return true
  return arrayOf(isNumber, 4)(bbox) && (bbox as unknown[]).length % 2 === 0
}
