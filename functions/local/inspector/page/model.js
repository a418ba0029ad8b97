/** More than the gateway keeps, so that this bound counts only if the gateway does not say what it dropped. */
const mostHooks = 2_000;
/** How many sockets that ended are still shown, and for how long in milliseconds. */
const mostEnded = 50;
const endedMs = 5_000;

const searched = ['id', 'socket', 'path', 'user', 'group', 'why', 'event', 'outcome'];

/** What the gateway has told of its sockets and hooks. It is bounded. */
export class Model {
  gateway;
  /** How many sockets and hooks there were beyond those that are shown. */
  moreSockets = 0;
  skipped = 0;
  #sockets = new Map();
  #hooks = new Map();
  #ended = new Map();
  #failures = 0;

  /** Forgets all, and takes a snapshot. Says whether it comes from another start of the gateway. */
  replace({ gateway, sockets, moreSockets, hooks, skipped }) {
    const restarted = this.gateway !== undefined && this.gateway.startedAt !== gateway.startedAt;
    this.gateway = gateway;
    this.#sockets.clear();
    this.#hooks.clear();
    this.#ended.clear();
    this.#take({ sockets, moreSockets, hooks, skipped });
    this.#failures = 0;
    return restarted;
  }

  /** Takes what has changed. */
  change({ ended, dropped, ...news }, now) {
    this.#take(news);
    for (const { socket, code, reason } of ended) {
      const known = this.#sockets.get(socket);
      this.#sockets.delete(socket);
      if (known !== undefined)
        this.#ended.set(socket, { ...known, status: 'closed', code, reason, endedAt: now });
    }
    for (const number of dropped) this.#hooks.delete(number);
    cutOldest(this.#ended, mostEnded);
  }

  #take({ sockets, moreSockets, hooks, skipped }) {
    this.moreSockets = moreSockets;
    this.skipped = skipped;
    for (const socket of sockets) this.#sockets.set(socket.socket, socket);
    for (const hook of hooks) {
      if (hook.outcome === 'failed' && this.#hooks.get(hook.number)?.outcome !== 'failed')
        this.#failures += 1;
      this.#hooks.set(hook.number, hook);
    }
    cutOldest(this.#hooks, mostHooks);
  }

  /** Forgets sockets that ended a while ago. Says whether there were any. */
  forgetEnded(now) {
    const before = this.#ended.size;
    for (const [id, { endedAt }] of this.#ended) if (now - endedAt > endedMs) this.#ended.delete(id);
    return this.#ended.size < before;
  }

  /** How many hooks have failed since this was last asked. */
  takeFailures() {
    const failures = this.#failures;
    this.#failures = 0;
    return failures;
  }

  /** How many sockets are open, shown or not. */
  get socketCount() {
    return this.#sockets.size + this.moreSockets;
  }

  /** One hook; undefined if it is no longer kept. */
  hook(number) {
    return this.#hooks.get(number);
  }

  /** One socket that is open; undefined if it has ended. */
  socket(id) {
    return this.#sockets.get(id);
  }

  /** The attempts at a hook that are kept, in their order. */
  attempts(id) {
    return [...this.#hooks.values()]
      .filter((hook) => hook.id === id)
      .sort((one, other) => one.attempt - other.attempt);
  }

  /** The newest sockets that match a text, at most `most`. Those that have just ended are among them. */
  sockets(text, most) {
    const wanted = text.trim().toLowerCase();
    return [...this.#sockets.values(), ...this.#ended.values()]
      .filter((socket) => wanted === '' || socketText(socket).includes(wanted))
      .sort((one, other) => other.since - one.since || (one.socket < other.socket ? -1 : 1))
      .slice(0, most);
  }

  /** The newest hooks that pass a filter, at most `most`. */
  hooks({ event, text, failures, socket }, most) {
    const wanted = text.trim().toLowerCase();
    const passes = (hook) =>
      (event === '' || hook.event === event) &&
      (socket === undefined || hook.socket === socket) &&
      (!failures || hook.outcome === 'failed' || hook.outcome === 'refused') &&
      (wanted === '' || hookText(hook).includes(wanted));
    return [...this.#hooks.values()]
      .filter(passes)
      .sort((one, other) => other.number - one.number)
      .slice(0, most);
  }
}

function socketText({ socket, path, user, groups }) {
  return [socket, path, user, ...groups].join('\n').toLowerCase();
}

function hookText(hook) {
  return searched
    .map((name) => hook[name] ?? '')
    .concat(String(hook.status ?? ''))
    .join('\n')
    .toLowerCase();
}

function cutOldest(map, most) {
  for (const key of map.keys()) {
    if (map.size <= most) return;
    map.delete(key);
  }
}
