import { arrayOf, hasBox, isNumber, isObject, type Members, parsed } from './geojson.ts'

type Member = (value: unknown) => boolean

/**
 * Whether a text is a TopoJSON object: a topology, or one of its geometries.
 * Rules: https://github.com/topojson/topojson-specification, section 2
 */
export function isTopojson(text: string): boolean {
  const value = parsed(text)
  if (!isObject(value) || value.type !== 'Topology') return isGeometry(value)
  const { objects, arcs, transform } = value
  if (!isObject(objects) || !hasBox(value)) return false
  const line = arrayOf((position) => position === null || isPosition(position), 2)
  return Object.values(objects).every(isGeometry) && arrayOf(line)(arcs) && isTransform(transform)
}

const isPosition = arrayOf(isNumber, 2)
/** Arcs are indexes: negative ones mean an arc in reverse. */
const isLine = arrayOf(Number.isInteger)

const pair: Member = (value) => isPosition(value) && (value as unknown[]).length === 2

function isTransform(value: unknown): boolean {
  if (value === undefined) return true
  return isObject(value) && pair(value.scale) && pair(value.translate)
}

const shapes: Record<string, (geometry: Members) => boolean> = {
  Point: ({ coordinates }) => isPosition(coordinates),
  MultiPoint: ({ coordinates }) => arrayOf(isPosition)(coordinates),
  LineString: ({ arcs }) => isLine(arcs),
  MultiLineString: ({ arcs }) => arrayOf(isLine)(arcs),
  Polygon: ({ arcs }) => arrayOf(isLine)(arcs),
  MultiPolygon: ({ arcs }) => arrayOf(arrayOf(isLine))(arcs),
  GeometryCollection: ({ geometries }) => arrayOf(isGeometry)(geometries),
}

const isGeometry: Member = (value) => {
  if (!isObject(value) || !hasBox(value)) return false
  const { id, properties } = value
  const named = id === undefined || typeof id === 'string' || Number.isInteger(id)
  if (!named || !(properties === undefined || isObject(properties))) return false
  const known = Object.hasOwn(shapes, String(value.type))
  return known && shapes[String(value.type)]!(value)
}
