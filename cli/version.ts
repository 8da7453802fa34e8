import manifest from '../package.json' with { type: 'json' }

/** As package.json has it, which a bundle takes in. */
export const { version } = manifest
