// What the page knows, kept live: server-sent events tell that something changed, the state says what.

const PERSON = "bounce-desk-person";

export const state = {
  me: new URLSearchParams(location.search).get("as") ?? sessionStorage.getItem(PERSON) ?? "",
  version: -1,
  connected: true,
  loaded: false,
  team: { name: "" },
  bot: { id: "", name: "" },
  users: [],
  channels: [],
  messages: new Map(),
  modal: null,
  home: null,
  notices: [],
  commands: [],
  shortcuts: [],
  app_home: {},
  outside: false,
};

const listeners = [];
let running = null;
let again = false;

export function onChange(listener) {
  listeners.push(listener);
}

export function changed() {
  for (const listener of listeners) listener(state);
}

export function person(id) {
  if (id === state.bot.id) return { id, name: state.bot.name, real_name: state.bot.name, tz: "UTC" };
  return state.users.find((user) => user.id === id);
}

export function me() {
  return person(state.me) ?? { id: state.me, name: "", real_name: "", tz: "UTC" };
}

export function become(user) {
  state.me = user;
  sessionStorage.setItem(PERSON, user);
  return reload();
}

// Asks for everything anew: for another person, or after the connection was lost.
export function reload() {
  state.version = -1;
  return refresh();
}

export function refresh() {
  again = true;
  running ??= catchUp().finally(() => { running = null; });
  return running;
}

async function catchUp() {
  while (again) {
    again = false;
    const asked = state.version;
    const query = new URLSearchParams({ user: state.me, since: String(Math.max(asked, 0)) });
    const response = await fetch(`/live/state?${query}`);
    if (response.ok && asked === state.version) take(await response.json());
    else again = response.ok;
  }
}

function take(body) {
  const { messages, me: known, ...rest } = body;
  if (rest.version < state.version) {
    state.version = -1;
    again = true;
    return;
  }
  if (state.version < 0) state.messages = new Map();
  if (known !== state.me && state.me && state.users.some((user) => user.id === state.me)) return;
  Object.assign(state, rest, { me: known, loaded: true });
  for (const message of messages) keep(message);
  changed();
}

function keep(message) {
  if (!state.messages.has(message.channel)) state.messages.set(message.channel, new Map());
  const channel = state.messages.get(message.channel);
  if (message.deleted) channel.delete(message.ts);
  else channel.set(message.ts, message);
}

export function messagesOf(channel) {
  const found = [...(state.messages.get(channel)?.values() ?? [])];
  return found.sort((one, other) => (one.ts < other.ts ? -1 : 1));
}

// Does what the person wishes; returns what they are told, "" if it went well.
export async function perform(wish) {
  const response = await fetch("/live/do", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ ...wish, user: state.me }),
  });
  const answer = await response.json();
  await refresh();
  if (!response.ok) throw new Error(answer.error ?? `HTTP ${response.status}`);
  return answer.shown;
}

export async function outside() {
  const response = await fetch("/live/outside");
  return response.ok ? response.json() : { tabs: [] };
}

export function connect() {
  const stream = new EventSource("/live/stream");
  stream.onopen = () => {
    const lost = !state.connected;
    state.connected = true;
    if (lost) reload();
  };
  stream.onmessage = () => refresh().catch(() => {});
  stream.onerror = () => {
    state.connected = false;
    changed();
  };
}
