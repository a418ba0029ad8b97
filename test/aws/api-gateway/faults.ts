/** How often a fault strikes: so many times (`Infinity`: always), or for connections that a predicate names. */
export type Times = number | ((connectionId: string) => boolean);

/** What goes wrong on AWS now and then. Everything is off until a test sets it; it may be set at any time. */
export class Faults {
  /** `$disconnect` is best effort: this often it never comes. */
  dropDisconnect: Times = 0;
  /** This often `$disconnect` comes twice, at once. */
  doubleDisconnect: Times = 0;
  /** This often `$connect` is invoked twice, at once, with the same event. */
  doubleConnect: Times = 0;
  /** This often `$connect` is invoked once more when it has returned, with the same event. */
  repeatConnect: Times = 0;
  /** When a client leaves while `$connect` runs, this often `$disconnect` comes at once and does not wait. */
  earlyDisconnect: Times = 0;
  /** This often a POST to a living connection is answered with 410; nothing is delivered. */
  gone: Times = 0;
  /** This often a POST is answered with 429. */
  throttled: Times = 0;
  /** How long the id of a connection that opens from now on stays unknown to `@connections`, or of which. */
  validAfterMs: number | ((connectionId: string) => number) = 0;
  /** This often a message is invoked twice, at once, with the same event. */
  duplicateMessage: Times = 0;
  /** So many messages, of whatever connection, are held until the last has come, then invoked in reverse; then off. */
  reverseMessages = 0;
  /**
   * A message may select the routes `$connect` and `$disconnect` by their names, as it would any route. Whether API
   * Gateway lets it is not documented; a Lambda that tells its events apart by `eventType` does not care.
   */
  systemRoutes = false;

  /** Whether a fault strikes this connection this time; counts it down. */
  strikes(name: TimedFault, connectionId: string): boolean {
    const times = this[name];
    if (typeof times === 'function') return times(connectionId);
    if (times <= 0) return false;
    this[name] = times - 1;
    return true;
  }
}

/** The faults that have a number of times. */
export type TimedFault = { [Name in keyof Faults]: Times extends Faults[Name] ? Name : never }[keyof Faults];
