import { AwsError } from '../../functions/aws/client/aws-error.ts';

/** The ids of a request that are random: `newWriteId` makes them. */
interface Given {
  readonly ExpressionAttributeValues?: { readonly ':id'?: { readonly S?: string } };
  readonly Item?: { readonly putId?: { readonly S: string }; readonly writeId?: { readonly S: string } };
}

/**
 * Gives write ids the names of the actors that made them, in the order of their writes, so that a state that comes again
 * is known. Ids that differ have names that differ. The actors themselves know the ids only.
 */
export class WriteNames {
  readonly #names = new Map<string, string>();

  /** A request of an actor, with names in place of ids. */
  named(actor: string, input: object): object {
    const text = JSON.stringify(input);
    const { ExpressionAttributeValues: values, Item: item }: Given = JSON.parse(text);
    for (const id of [values?.[':id']?.S, item?.putId?.S, item?.writeId?.S]) {
      if (id?.length !== 12 || this.#names.has(id)) continue;
      const before = [...this.#names.values()].filter((name) => name.startsWith(`${actor}, `)).length;
      this.#names.set(id, `${actor}, write ${before + 1}`);
    }
    return JSON.parse(replaced(text, [...this.#names]));
  }

  /** An answer, with the ids again. */
  restored(answer: unknown): unknown {
    return answer === undefined ? undefined : JSON.parse(this.#restored(JSON.stringify(answer)));
  }

  /** The same for an error that carries an item. */
  restoredError(error: unknown, operation: string): unknown {
    if (!(error instanceof AwsError)) return error;
    const { status, type, body, mayBeDone } = error;
    return new AwsError(operation, { status, errorType: type, body: this.#restored(body) }, mayBeDone);
  }

  #restored(text: string): string {
    return replaced(
      text,
      [...this.#names].map(([id, name]) => [name, id]),
    );
  }
}

function replaced(text: string, names: readonly (readonly [string, string])[]): string {
  return names.reduce((all, [from, to]) => all.replaceAll(JSON.stringify(from), JSON.stringify(to)), text);
}
