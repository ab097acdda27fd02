// Discord's markdown, as elements.

import { element } from "./dom.js";
import { now, state } from "./connection.js";

let openChannel = () => {};
export function onChannelLink(open) { openChannel = open; }
let beginCommand = () => {};
export function onCommandLink(begin) { beginCommand = begin; }

const BLOCKS = /```(?:[a-z0-9+-]*\n)?([^]+?)```|^(#{1,3}) (.+)$|^-# (.+)$|^>>> ([^]+)|^> (.*(?:\n> .*)*)|^((?:\s*[-*] .+(?:\n|$))+)/gm;
const INLINE = /\*\*\*(.+?)\*\*\*|\*\*(.+?)\*\*|__(.+?)__|\*(\S(?:.*?\S)?)\*|\b_(.+?)_\b|~~(.+?)~~|\|\|(.+?)\|\||``(.+?)``|`([^`\n]+)`|<@!?(\d+)>|<@&(\d+)>|<#(\d+)>|<\/([\w -]+):\d+>|<a?:(\w+):(\d+)>|<t:(-?\d+)(?::([tTdDfFR]))?>|\[([^\]\n]+)\]\((https?:\/\/[^\s)]+)\)|<(https?:\/\/[^\s>]+)>|(https?:\/\/[^\s<>]+)|\\([^\w\s])/gs;

export function markdown(text) {
  const parts = [];
  let last = 0;
  for (const match of text.matchAll(BLOCKS)) {
    parts.push(inline(text.slice(last, match.index)));
    last = match.index + match[0].length;
    const [, code, level, heading, small, long, quote, list] = match;
    if (code !== undefined) parts.push(element("pre", {}, element("code", {}, code)));
    else if (level) parts.push(element(`h${level.length + 2}`, {}, inline(heading)));
    else if (small !== undefined) parts.push(element("small", { className: "line" }, inline(small)));
    else if (long ?? quote) parts.push(element("blockquote", {}, inline(long ?? quote.replace(/^> /gm, ""))));
    else if (list) parts.push(element("ul", {}, list.trimEnd().split("\n").map(line => element("li", {}, inline(line.replace(/^\s*[-*] /, ""))))));
    if (text[last] === "\n") last++;
  }
  return [...parts, inline(text.slice(last))].flat();
}

function inline(text) {
  const parts = [];
  let last = 0;
  for (const m of text.matchAll(INLINE)) {
    parts.push(text.slice(last, m.index));
    last = m.index + m[0].length;
    parts.push(mark(m));
  }
  return [...parts, text.slice(last)];
}

function mark(m) {
  if (m[1]) return element("strong", {}, element("em", {}, inline(m[1])));
  if (m[2]) return element("strong", {}, inline(m[2]));
  if (m[3]) return element("u", {}, inline(m[3]));
  if (m[4] || m[5]) return element("em", {}, inline(m[4] || m[5]));
  if (m[6]) return element("s", {}, inline(m[6]));
  if (m[7]) return spoiler(m[7]);
  if (m[8] || m[9]) return element("code", {}, m[8] || m[9]);
  if (m[10]) return element("span", { className: "mention" }, `@${nameOf(state.members, m[10], "somebody")}`);
  if (m[11]) return element("span", { className: "mention" }, `@${nameOf(state.roles, m[11], "a role")}`);
  if (m[12]) return channelLink(m[12]);
  if (m[13]) return element("button", { type: "button", className: "mention", onclick: () => beginCommand(m[13]) }, `/${m[13]}`);
  if (m[14]) return element("img", { className: "emoji", src: `emojis/${m[15]}.png`, alt: `:${m[14]}:` });
  if (m[16]) return timestamp(Number(m[16]), m[17]);
  if (m[18]) return link(m[19], m[18]);
  if (m[20] || m[21]) return link(m[20] || m[21]);
  return m[22];
}

const nameOf = (list, id, otherwise) => list.find(each => each.id === id)?.name || otherwise;

function spoiler(text) {
  const shown = element("button", { type: "button", className: "spoiler", "aria-label": "Spoiler" }, inline(text));
  shown.addEventListener("click", () => shown.classList.add("open"));
  return shown;
}

function channelLink(id) {
  const name = nameOf(state.channels, id, "");
  if (!name) return element("span", { className: "mention" }, "#a channel");
  return element("a", { href: "#", className: "mention", onclick: event => { event.preventDefault(); openChannel(id); } }, `#${name}`);
}

function link(address, text = address) {
  const at = address.match(/^https:\/\/discord\.com\/channels\/\d+\/(\d+)(?:\/\d+)?$/);
  if (at) return element("a", { href: "#", className: "mention", onclick: event => { event.preventDefault(); openChannel(at[1]); } }, `#${nameOf(state.channels, at[1], "a message").slice(0, 40)} › message`);
  return element("a", { href: address, target: "_blank", rel: "noreferrer noopener" }, text);
}

function timestamp(seconds, style = "f") {
  const at = new Date(seconds * 1000);
  const formats = {
    t: { timeStyle: "short" }, T: { timeStyle: "medium" }, d: { dateStyle: "short" },
    D: { dateStyle: "long" }, f: { dateStyle: "long", timeStyle: "short" }, F: { dateStyle: "full", timeStyle: "short" },
  };
  const text = style === "R" ? relative(at) : at.toLocaleString([], formats[style]);
  return element("time", { dateTime: at.toISOString(), title: at.toLocaleString() }, text);
}

function relative(at) {
  const seconds = (at - now()) / 1000;
  const units = [["year", 31536000], ["month", 2592000], ["day", 86400], ["hour", 3600], ["minute", 60]];
  const [unit, size] = units.find(([, each]) => Math.abs(seconds) >= each) || ["second", 1];
  return new Intl.RelativeTimeFormat([], { numeric: "auto" }).format(Math.round(seconds / size), unit);
}
