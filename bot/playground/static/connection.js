// The websocket, and what the page knows of the server.

import { toast } from "./dom.js";

export const state = {
  me: "", bot: "", guild: "", people: [], members: [], roles: [], channels: [],
  commands: { slash: [], message: [] }, channel: null, unread: new Set(),
};

// The playground has a time of its own, which may pass faster.
let clock = { at: Date.now(), seen: Date.now(), speed: 1 };
export function setTime(time) { clock = { at: +new Date(time.now), seen: Date.now(), speed: time.speed }; }
export const speedOfTime = () => clock.speed;
export const now = () => new Date(clock.at + (Date.now() - clock.seen) * clock.speed);

const handlers = {};
const waiting = new Map();
let socket, count = 0, delay = 200;

export const who = () => new URLSearchParams(location.search).get("as") || sessionStorage.who || "alice";

export function on(event, handler) { handlers[event] = handler; }

export function connect() {
  const address = new URL("socket", location.href);
  address.protocol = "ws:";
  address.search = new URLSearchParams({ as: who() });
  socket = new WebSocket(address);
  socket.onopen = () => { delay = 200; document.body.classList.remove("lost"); reconnected(); };
  socket.onmessage = message => {
    for (const each of JSON.parse(message.data)) handlers[each.event]?.(each);
  };
  socket.onclose = () => {
    document.body.classList.add("lost");
    for (const [, refuse] of waiting.values()) refuse("The bot has stopped; the page waits for it.");
    waiting.clear();
    setTimeout(connect, delay);
    delay = Math.min(delay * 2, 5000);
  };
}

// End the connection; the promise is kept once it is made anew.
let reconnected = () => {};
export function disconnect() {
  socket.close();
  return new Promise(resolve => { reconnected = resolve; });
}

// Do something; what is refused is shown, and rejects.
export function act(action, args, { quiet = false } = {}) {
  const number = ++count;
  return new Promise((resolve, reject) => {
    if (socket.readyState !== WebSocket.OPEN) { reject("The page is not connected just now."); return; }
    waiting.set(number, [value => { resolve(value); if (CHANGING.includes(action)) done(); }, reject]);
    socket.send(JSON.stringify({ number, action, with: args }));
  }).catch(error => { if (!quiet) toast(error); throw error; });
}

// What may have changed who there is.
const CHANGING = ["slash", "click", "select", "submit", "guide", "undo"];
let done = () => {};
export function onDone(action) { done = action; }

on("answer", answer => {
  const [resolve, reject] = waiting.get(answer.number) || [];
  waiting.delete(answer.number);
  if (answer.refused !== undefined) reject?.(answer.refused); else resolve?.(answer.value);
});

export async function upload(files) {
  if (!files.length) return [];
  const form = new FormData();
  for (const file of files) form.append("file", file, file.name);
  const answer = await fetch(new URL("upload", location.href), { method: "POST", body: form });
  if (!answer.ok) { toast("The file is too large."); throw new Error(answer.status); }
  return answer.json();
}
