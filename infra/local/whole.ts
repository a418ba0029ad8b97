import { InvalidArgumentError } from 'commander';

/** Parses the value of a flag that is a whole number. Throws what commander says with the name of the flag. */
export function whole(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(text);
}
