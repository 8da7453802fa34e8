import type { Form } from './infer-forms.ts'

const words =
  'yes no|y n|on off|sim não|s n|sí no|si no|oui non|o n|ja nein|j n|vrai faux|wahr falsch'

/** Booleans in words. None is proposed: `on` may be a preposition. But it is told how to say it. */
export const booleanWords: Form[] = words.split('|').flatMap((pair) => {
  const [yes = '', no = ''] = pair.split(' ')
  return [lower, capital, upper].map((written): Form => {
    const [trueValues, falseValues] = [[written(yes)], [written(no)]]
    const like = RegExp(`^(${trueValues[0]}|${falseValues[0]})$`)
    return { type: 'boolean', trueValues, falseValues, like, some: trueValues[0]! }
  })
})

function lower(word: string): string {
  return word
}

function capital(word: string): string {
  return `${word.slice(0, 1).toUpperCase()}${word.slice(1)}`
}

function upper(word: string): string {
  return word.toUpperCase()
}
