/** The user has to write something else: a flag, an argument or a setting. The message says what. */
export class WrongUse extends Error {}
