// The messages of the open channel.

import { byId, dialog, element, letterFace } from "./dom.js";
import { act, now, state } from "./connection.js";
import { attachment, component, embed } from "./components.js";
import { markdown } from "./markdown.js";

const EPHEMERAL = 64, LOADING = 128, COMPONENTS = 32768, THREAD_CREATED = 18;
const REACTIONS = ["👍", "❤️", "😂", "😮", "😢", "🎉"];
const shown = new Map();
// Whether the log stays at its end as it grows: until somebody scrolls up.
let isFollowing = true;
const list = byId("log");
let top = 0;
const follow = () => { if (isFollowing) list.scrollTop = list.scrollHeight; };
list.addEventListener("scroll", () => {
  if (list.scrollHeight - list.scrollTop - list.clientHeight < 60) isFollowing = true;
  else if (list.scrollTop < top - 2) isFollowing = false;
  top = list.scrollTop;
});
list.addEventListener("load", follow, true); // of pictures
new ResizeObserver(follow).observe(list);
let reply = () => {}, thread = () => {}, inspect = () => {};
export function onInspect(answer) { inspect = answer; }
export function onReply(answer) { reply = answer; }
export function onThread(open) { thread = open; }

// Begin with nothing; what is said from now on is shown, whatever is still to be loaded.
export function clear() {
  shown.clear();
  byId("log").replaceChildren();
  top = 0;
  isFollowing = true;
}

export function showAll(messages, { isSearch = false } = {}) {
  messages.forEach(message => show(message, { isSearch }));
  if (!shown.size) byId("log").append(element("li", { className: "empty" }, isSearch ? "Nothing was found." : "Nothing has been said here yet."));
  isFollowing = !isSearch;
  follow();
}

export function show(message, { isSearch = false } = {}) {
  if (message.type === THREAD_CREATED || isOver(message)) return;
  const log = byId("log");
  log.querySelector(".empty")?.remove();
  const made = item(message, isSearch), old = shown.get(message.id);
  shown.set(message.id, made);
  if (old) old.replaceWith(made);
  else if (isSearch) log.append(made);
  else {
    // By id: what comes late still stands where it belongs.
    let before = log.lastElementChild;
    while (before && BigInt(before.dataset.id) > BigInt(message.id)) before = before.previousElementSibling;
    if (before) before.after(made); else log.prepend(made);
  }
  group(made);
  if (made.nextElementSibling) group(made.nextElementSibling);
  follow();
  // What is longer than the page is read from its beginning.
  if (isFollowing && !old && made.offsetHeight > list.clientHeight) list.scrollTop = made.offsetTop - list.offsetTop;
}

// Whoever acts wants to see what comes of it.
export function toEnd() { isFollowing = true; follow(); }

// What is for one alone is gone when it is dismissed, or when the page is loaded anew.
const dismissed = new Set();
const isOver = message => !!(message.flags & EPHEMERAL) && (dismissed.has(message.id) || new Date(message.timestamp) < state.since);

function dismiss(id) {
  dismissed.add(id);
  remove(id);
}

export function remove(id) {
  const next = shown.get(id)?.nextElementSibling;
  shown.get(id)?.remove();
  shown.delete(id);
  if (next) group(next);
}

export const first = () => byId("log").firstElementChild?.dataset.id;
export const find = id => shown.get(id);

// What one speaker says in a row has one head.
function group(made) {
  const before = made.previousElementSibling;
  const isMore = before && before.dataset.by === made.dataset.by && !made.querySelector(".answered")
    && made.dataset.at - before.dataset.at < 420000;
  made.classList.toggle("more", !!isMore);
  const day = new Date(Number(made.dataset.at)), earlier = before && before.dataset.at && new Date(Number(before.dataset.at));
  if (earlier && earlier.toDateString() !== day.toDateString()) made.dataset.day = day.toLocaleDateString([], { dateStyle: "long" });
  else delete made.dataset.day;
}

function face(message, name) {
  const letter = letterFace(name, name === state.bot ? "🎭" : undefined);
  if (!message.avatar) return letter;
  const made = element("img", { className: "face", src: message.avatar, alt: "" });
  made.addEventListener("error", () => made.replaceWith(letter));
  return made;
}

function item(message, isSearch) {
  const name = message.author.global_name || message.author.username;
  const at = { channel: message.channel_id, id: message.id };
  const when = new Date(message.timestamp);
  const isPrivate = !!(message.flags & EPHEMERAL), isLoading = !!(message.flags & LOADING);
  const isBot = message.author.bot || message.webhook_id;
  // What an embed or a component shows of the message's own files is not shown again.
  const used = new Set();
  const resolved = JSON.parse(JSON.stringify([message.embeds, message.components]).replace(/"attachment:\/\/([^"]+)"/g, (_, file) => {
    used.add(file);
    return JSON.stringify(message.attachments.find(each => each.filename === file)?.url || "");
  }));
  const [embeds, components] = resolved, files = message.flags & COMPONENTS ? [] : message.attachments.filter(each => !used.has(each.filename));
  const made = element("li", {
    "data-id": message.id, "data-by": name, "data-at": String(+when),
    className: [isPrivate ? "private" : "", isLoading ? "loading" : ""].join(" "),
  },
  message.referenced_message && answered(message.referenced_message),
  face(message, name),
  element("div", { className: "body" },
    element("div", { className: "by" }, element("strong", {}, name), isBot && element("span", { className: "badge", title: "An AI, or the bot" }, "APP"),
      element("time", { dateTime: message.timestamp, title: when.toLocaleString() }, dayAndTime(when)),
      isSearch && element("small", {}, ` in #${state.channels.find(each => each.id === message.channel_id)?.name || "?"}`)),
    isLoading ? element("div", { className: "text muted" }, `${state.bot} is thinking…`)
      : element("div", { className: "text" }, markdown(message.content), message.edited_timestamp && !isBot ? element("small", { className: "muted" }, " (edited)") : null),
    message.poll && poll(message.poll),
    embeds.map(embed),
    files.length ? element("div", { className: "gallery" }, files.map(attachment)) : null,
    components.map(each => component(each, at)),
    message.reactions?.length ? element("div", { className: "row" }, message.reactions.map(each => reaction(each, at))) : null,
    comments(message),
    isPrivate && element("small", { className: "muted" }, "Only you can see this · ", element("button", { type: "button", className: "link", onclick: () => dismiss(message.id) }, "Dismiss message"))),
  tools(message, name, at, isPrivate, isBot));
  made.addEventListener("click", event => { if (document.body.classList.contains("behind") && !event.target.closest("button, a, select, input, details")) inspect(message); });
  return made;
}

function dayAndTime(when) {
  const isToday = when.toDateString() === now().toDateString();
  const time = when.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  return isToday ? time : `${when.toLocaleDateString([], { day: "numeric", month: "short" })}, ${time}`;
}

function answered(message) {
  const name = message.author.global_name || message.author.username;
  return element("button", { type: "button", className: "answered", onclick: () => find(message.id)?.scrollIntoView({ block: "center", behavior: "smooth" }) },
    `↱ ${name}: ${message.content.slice(0, 100) || "…"}`);
}

// The thread that was opened at a message has its id.
function comments(message) {
  const opened = state.channels.find(each => each.id === message.id);
  return opened && element("button", { type: "button", className: "thread", "data-thread": opened.id, onclick: () => thread(opened.id) }, counted(opened));
}

const counted = opened => `💬 ${opened.count} ${opened.count === 1 ? "message" : "messages"}`;

// Count anew what is said in a thread that was opened at a message here.
export function recount(opened) {
  const made = shown.get(opened.id), button = made?.querySelector("[data-thread]");
  if (button) button.textContent = counted(opened);
  else made?.querySelector(".body").append(comments({ id: opened.id }));
}

function poll(each) {
  return element("div", { className: "container" }, element("strong", {}, each.question.text),
    element("ul", {}, each.answers.map(answer => element("li", {}, `${answer.poll_media.emoji?.name || ""} ${answer.poll_media.text || ""}`))));
}

function reaction(each, at) {
  const text = `${each.emoji.id ? `:${each.emoji.name}:` : each.emoji.name} ${each.count}`;
  return element("button", { type: "button", className: each.me ? "reaction mine" : "reaction", "aria-pressed": String(!!each.me),
    onclick: () => act("react", { ...at, emoji: each.emoji.name, on: !each.me }).catch(() => {}) }, text);
}

function tools(message, name, at, isPrivate, isBot) {
  if (isPrivate) return null;
  const tool = (label, title, action) => element("button", { type: "button", title, "aria-label": title, onclick: action }, label);
  return element("div", { className: "tools", role: "toolbar", "aria-label": "What to do with this message" },
    REACTIONS.slice(0, 3).map(emoji => tool(emoji, `React with ${emoji}`, () => act("react", { ...at, emoji, on: true }).catch(() => {}))),
    tool("↩", "Reply", () => reply(message, name)),
    isBot && tool("🔍", "Behind the scenes", () => inspect(message)),
    message.mine && tool("✎", "Edit", () => edit(message, at)),
    message.mine && tool("🗑", "Delete", () => act("delete", at).catch(() => {})),
    state.commands.message.length ? tool("⋮", "Apps", event => menu(event, at)) : null);
}

function edit(message, at) {
  const text = element("textarea", { rows: 5, value: message.content, "aria-label": "Message" });
  dialog("Edit the message", element("label", {}, element("span", {}, "Message"), text), close => act("edit", { ...at, text: text.value }).then(close, () => {}));
}

function menu(event, at) {
  const opened = byId("menu-of-message");
  const close = () => { opened.hidden = true; document.removeEventListener("click", close); };
  opened.replaceChildren(...state.commands.message.map(name => element("button", { type: "button", role: "menuitem",
    onclick: () => act("menu", { ...at, name }).catch(() => {}) }, name)));
  const box = event.currentTarget.getBoundingClientRect();
  opened.hidden = false;
  opened.style.top = `${Math.min(box.bottom + 4, innerHeight - opened.offsetHeight - 8)}px`;
  opened.style.left = `${Math.max(8, box.right - opened.offsetWidth)}px`;
  opened.firstElementChild?.focus();
  setTimeout(() => document.addEventListener("click", close));
}
