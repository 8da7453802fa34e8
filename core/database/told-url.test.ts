import { expect, it } from 'vitest'
import { withoutPassword } from './told-url.ts'

it.each([
  ['postgres://u:sec@h/db', 'postgres://u:…@h/db'],
  ['postgres://u@x:sec@h/db', 'postgres://u@x:…@h/db'],
  ['postgres://u:se\nc@h/db', 'postgres://u:…@h/db'],
  ['postgres://u:s:e@c/d@h/db', 'postgres://u:…@h/db'],
  ['postgres://u:se%2Fc@h:5432/db', 'postgres://u:…@h:5432/db'],
  ['postgres://u:se%zzc@h/db', 'postgres://u:…@h/db'],
  ['postgres://u:12/sec@h/db', 'postgres://u:…@h/db'],
  ['postgres://u:12?sec@h/db', 'postgres://u:…@h/db'],
  ['postgres://u:12#sec@h/db', 'postgres://u:…@h/db'],
  ['postgres://:sec@/db?host=/run', 'postgres://:…@/db?host=/run'],
  ['postgres://h/db?PASSWORD=sec', 'postgres://h/db?PASSWORD=…'],
  ['postgres://h/db?a=b&sslpassword=sec&c=d', 'postgres://h/db?a=b&sslpassword=…&c=d'],
  ['rds-data:x?password=se&c =d&a=b', 'rds-data:x?password=…&a=b'],
  ['rds-data://u:sec@h', 'rds-data://u:…@h'],
  ['http://u:sec@127.0.0.1:4566', 'http://u:…@127.0.0.1:4566'],
])('%s is told as %s', (url, told) => {
  expect(withoutPassword(url)).toBe(told)
})

it.each([
  'postgres://u@h:5432/db?application_name=a@b',
  'postgres://h/db',
  'rds-data:arn:aws:rds:eu-west-1:123456789012:cluster:shop?secret=arn:x&database=sluice',
  's3://bucket',
  'data',
  '',
])('%s has none, and stays as it is', (url) => {
  expect(withoutPassword(url)).toBe(url)
})
