// The page: channels on the left, what is said on the right.

import { byId, dialog, element, letterFace } from "./dom.js";
import { act, connect, now, on, onDone, setTime, speedOfTime, state, who } from "./connection.js";
import * as composer from "./composer.js";
import { form, onAct as onComponentAct } from "./components.js";
import * as drawer from "./drawer.js";
import * as guide from "./guide.js";
import * as log from "./log.js";
import { onChannelLink, onCommandLink } from "./markdown.js";

const TEXT = 0, DM = 1, FORUM = 15;
const typing = new Map();
let isSearching = false;

on("hello", event => {
  const { channels: list, ...rest } = event;
  Object.assign(state, rest, { channels: list });
  byId("guild").textContent = state.guild;
  if (state.clock) showTime(state.clock);
  state.since ??= now();
  people();
  guide.show(open, who() === state.people[0].key);
  const known = state.channels.some(each => each.id === state.channel);
  const wanted = state.channels.find(each => each.id === location.hash.slice(1));
  open(known ? state.channel : (wanted || state.channels.find(each => each.type === TEXT)).id);
});
on("people", event => { Object.assign(state, event); people(); });
on("channels", event => { state.channels = event.channels; channels(); state.channels.filter(each => each.parent === state.channel).forEach(log.recount); });
on("message", ({ message }) => {
  const channel = state.channels.find(each => each.id === message.channel_id);
  if (channel && BigInt(message.id) > BigInt(channel.last)) {
    channel.last = message.id;
    channel.count++;
    log.recount(channel);
  }
  stopTyping(message.channel_id, message.author.id, !!message.webhook_id);
  if (message.channel_id !== state.channel || isSearching) {
    if (!message.mine && !message.edited_timestamp) { state.unread.add(message.channel_id); channels(); }
    return;
  }
  log.show(message);
});
on("gone", event => { if (event.channel === state.channel) log.remove(event.id); });
on("typing", event => {
  if (event.id === state.me) return;
  const key = `${event.channel}:${event.id}`;
  clearTimeout(typing.get(key)?.timer);
  typing.set(key, { ...event, timer: setTimeout(() => { typing.delete(key); showTyping(); }, 10000) });
  showTyping();
});
on("clock", showTime);
on("form", event => form(event.id, event.form));

function stopTyping(channel, author, isWebhook) {
  for (const [key, each] of typing) {
    // The bot types for all of its personalities, which speak through webhooks.
    if (each.channel === channel && (isWebhook || each.id === author)) { clearTimeout(each.timer); typing.delete(key); }
  }
  showTyping();
}

function showTyping() {
  const here = [...typing.values()].filter(each => each.channel === state.channel).map(each => each.name === state.bot ? "Somebody" : each.name);
  byId("typing").textContent = here.length ? `${[...new Set(here)].join(" and ")} ${here.length > 1 ? "are" : "is"} typing…` : "";
}

function people() {
  byId("who").replaceChildren(
    ...state.people.map(each => element("option", { value: each.key, selected: each.key === who() }, each.name)),
    element("option", { value: "+" }, "Somebody new…"));
  channels();
}

const symbol = channel => channel.type === DM ? "@" : channel.parent ? "↳" : channel.type === FORUM ? "▤" : "#";

function channels() {
  const row = channel => element("button", {
    type: "button", className: [channel.parent ? "thread" : "", state.unread.has(channel.id) ? "unread" : ""].join(" "),
    "aria-current": channel.id === state.channel && !isSearching ? "page" : null, onclick: () => open(channel.id),
  }, element("span", { "aria-hidden": "true" }, `${symbol(channel)} `), channel.name, state.unread.has(channel.id) ? element("span", { className: "hidden" }, " (new messages)") : null);
  const threads = parent => state.channels.filter(each => each.parent === parent.id).sort((one, other) => BigInt(one.last) < BigInt(other.last) ? 1 : -1).slice(0, 12);
  const top = state.channels.filter(each => !each.parent && each.type !== DM), direct = state.channels.filter(each => each.type === DM);
  byId("channels").replaceChildren(
    element("h2", {}, "Channels"), ...top.flatMap(each => [row(each), ...threads(each).map(row)]),
    element("h2", {}, "Direct messages"), ...direct.map(row));
}

async function open(id) {
  const channel = state.channels.find(each => each.id === id);
  if (!channel) return;
  state.channel = id;
  state.unread.delete(id);
  isSearching = false;
  history.replaceState(null, "", `#${id}`);
  document.body.classList.remove("showing-channels");
  byId("menu").setAttribute("aria-expanded", "false");
  byId("title").textContent = `${symbol(channel)} ${channel.name}`;
  byId("topic").textContent = channel.topic;
  byId("new-thread").hidden = channel.type === DM || !!channel.parent;
  byId("new-thread").textContent = channel.type === FORUM ? "New post" : "New thread";
  byId("composer").hidden = channel.type === FORUM;
  channels();
  showTyping();
  composer.reset();
  log.clear();
  byId("text").focus();
  const isHere = () => state.channel === id;
  if (channel.type === FORUM) forum(channel);
  else act("open", { channel: id }).then(messages => isHere() && log.showAll(messages), () => {});
  const [commands, names] = await Promise.all([act("commands", { channel: id }), act("names", { channel: id }, { quiet: true }).catch(() => [])]);
  if (!isHere()) return;
  state.commands = commands;
  composer.onNames(names);
  composer.refresh();
  company(names);
}

// Who may be called here, and who is a person.
function company(names) {
  const face = each => each.face ? element("img", { className: "face", src: each.face, alt: "" }) : letterFace(each.name);
  byId("company").replaceChildren(
    element("h2", {}, `Characters · ${names.length}`), ...names.map(each => element("button", { type: "button", title: each.headline || `Call ${each.name}`, onclick: () => composer.call(each.name) },
      face(each), element("span", {}, element("strong", {}, each.name), element("small", {}, each.headline)))),
    element("h2", {}, `People · ${state.members.length}`), ...state.members.map(each => element("div", {}, letterFace(each.name, each.name === state.bot ? "🎭" : undefined), element("span", {}, each.name, element("small", {}, each.role)))));
}

function forum(channel) {
  const posts = state.channels.filter(each => each.parent === channel.id).sort((one, other) => BigInt(one.last) < BigInt(other.last) ? 1 : -1);
  byId("log").replaceChildren(...posts.map(each => element("li", { className: "post" },
    element("button", { type: "button", onclick: () => open(each.id) }, element("strong", {}, each.name), element("small", {}, ` ${each.count} messages`)))));
  if (!posts.length) byId("log").append(element("li", { className: "empty" }, "No posts yet."));
}

function newThread() {
  const name = element("input", { required: true, maxLength: 100 }), text = element("textarea", { rows: 4, required: true });
  dialog(byId("new-thread").textContent, [element("label", {}, element("span", {}, "Name"), name), element("label", {}, element("span", {}, "Message"), text)],
    close => act("thread", { channel: state.channel, name: name.value, text: text.value }).then(id => { close(); setTimeout(() => open(id), 100); }, () => {}));
  name.focus();
}

function become(key) {
  sessionStorage.who = key;
  const address = new URL(location.href);
  address.searchParams.set("as", key);
  location.replace(address);
}

function newPerson() {
  const name = element("input", { required: true, maxLength: 32 });
  dialog("Somebody new", element("label", {}, element("span", {}, "Name"), name), close => act("join", { name: name.value }).then(key => { close(); become(key); }, () => {}));
  name.focus();
}

function showTime(time) {
  setTime(time);
  byId("speed").textContent = speedOfTime() === 1 ? "" : speedOfTime() ? ` · ×${speedOfTime()}` : " · stopped";
}

let renaming;
onDone(() => {
  clearTimeout(renaming);
  renaming = setTimeout(async () => {
    const names = await act("names", { channel: state.channel }, { quiet: true }).catch(() => null);
    if (names) { composer.onNames(names); company(names); }
  }, 1500);
});
log.onReply(composer.replyTo);
log.onInspect(drawer.inspect);
log.onThread(open);
onChannelLink(open);
onCommandLink(composer.beginCommand);
composer.onAct(log.toEnd);
onComponentAct(log.toEnd);
byId("who").addEventListener("change", event => { if (event.target.value === "+") { people(); newPerson(); } else become(event.target.value); });
byId("window").addEventListener("click", () => {
  const other = state.people.find(each => each.key !== who());
  const address = new URL(location.href);
  address.searchParams.set("as", other.key);
  window.open(address, "_blank", "width=900,height=700");
});
byId("steps").addEventListener("click", guide.reopen);
byId("theme").addEventListener("click", () => {
  const isLight = document.documentElement.dataset.theme === "light";
  localStorage.theme = document.documentElement.dataset.theme = isLight ? "dark" : "light";
});
byId("menu").addEventListener("click", event => {
  const isOpen = document.body.classList.toggle("showing-channels");
  event.currentTarget.setAttribute("aria-expanded", String(isOpen));
});
byId("new-thread").addEventListener("click", newThread);
byId("search").addEventListener("submit", async event => {
  event.preventDefault();
  const words = byId("words").value.trim();
  if (!words) return;
  const found = await act("search", { words });
  isSearching = true;
  channels();
  byId("title").textContent = `Search: ${words}`;
  byId("topic").textContent = "";
  log.clear();
  log.showAll(found, { isSearch: true });
  byId("log").scrollTop = 0;
});
byId("log").addEventListener("scroll", async event => {
  const list = event.currentTarget, before = log.first();
  if (list.scrollTop > 40 || !before || isSearching || list.dataset.loading) return;
  list.dataset.loading = "yes";
  const height = list.scrollHeight;
  const older = await act("open", { channel: state.channel, before }, { quiet: true }).catch(() => []);
  older.forEach(each => log.show(each));
  if (older.length) list.scrollTop = list.scrollHeight - height;
  setTimeout(() => { delete list.dataset.loading; }, older.length ? 100 : 3000);
});

document.documentElement.dataset.theme = localStorage.theme || (matchMedia("(prefers-color-scheme: light)").matches ? "light" : "dark");
connect();
