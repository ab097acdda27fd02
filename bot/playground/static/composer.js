// What one types: words, names, or a command with its options.

import { byId, element, toast } from "./dom.js";
import { act, state, upload } from "./connection.js";

const text = byId("text"), picker = byId("picker"), options = byId("options");
// What somebody new looks for.
const FIRST = ["help", "settings", "personality create", "personality import"];
let offered = [], index = 0, command = null, answered = null, files = [], names = [];

let toEnd = () => {};
export function onAct(action) { toEnd = action; }

// Begin the command of this name, if there is one here.
export function beginCommand(name) {
  const found = state.commands.slash.find(each => each.name === name);
  if (found) begin(found);
}

export function onNames(list) { names = list; }

// What may be offered has arrived: what was typed meanwhile is completed.
export function refresh() { if (document.activeElement === text) suggest(); }

export function call(name) {
  if (command) reset();
  text.value = text.value.startsWith("@") ? text.value : `@${name} ${text.value}`;
  text.focus();
}

export function reset() {
  command = null; answered = null; files = [];
  options.replaceChildren();
  byId("reply").hidden = byId("files").hidden = true;
  text.placeholder = placeholder();
  offer([]);
}

function placeholder() {
  const channel = state.channels.find(each => each.id === state.channel);
  if (!channel) return "";
  return channel.type === 1 ? `Message ${channel.name}` : innerWidth < 900 ? `Message #${channel.name.slice(0, 16)}` : `Message #${channel.name.slice(0, 30)} · @ calls somebody · / shows commands`;
}

export function replyTo(message, name) {
  answered = message.id;
  byId("reply").hidden = false;
  byId("reply").replaceChildren(`Replying to ${name} `, element("button", { type: "button", "aria-label": "Do not reply", onclick: () => { answered = null; byId("reply").hidden = true; } }, "✕"));
  text.focus();
}

function attach(list) {
  files = [...files, ...list];
  byId("files").hidden = !files.length;
  byId("files").replaceChildren(...files.map(file => element("span", { className: "file" }, `📎 ${file.name} `,
    element("button", { type: "button", "aria-label": `Leave out ${file.name}`, onclick: () => { files = files.filter(each => each !== file); attach([]); } }, "✕"))));
}

// ---- suggestions

function offer(items) {
  offered = items;
  index = 0;
  picker.hidden = !items.length;
  draw();
}

function draw() {
  picker.replaceChildren(...offered.map((each, number) => element("div", {
    role: "option", id: `option-${number}`, "aria-selected": String(number === index),
    onmousedown: event => { event.preventDefault(); each.take(); },
  }, each.face && element("img", { className: "face small", src: each.face, alt: "" }), element("strong", {}, each.name), " ", element("span", { className: "muted" }, each.hint || ""))));
  picker.children[index]?.scrollIntoView({ block: "nearest" });
  document.activeElement?.setAttribute("aria-activedescendant", offered.length ? `option-${index}` : "");
}

function suggest() {
  if (command && !text.value.startsWith("/")) return;
  if (command) { command = null; options.replaceChildren(); }
  if (text.value.startsWith("/")) {
    const typed = text.value.slice(1).toLowerCase();
    const fitting = state.commands.slash.filter(each => each.name.includes(typed) || each.description.toLowerCase().includes(typed));
    const rank = each => FIRST.includes(each.name) && !typed ? -1 : each.name.startsWith(typed) ? 0 : each.name.includes(typed) ? 1 : 2;
    fitting.sort((one, other) => rank(one) - rank(other));
    offer(fitting.map(each => ({ name: `/${each.name}`, hint: each.description, take: () => begin(each) })));
    return;
  }
  const before = text.value.slice(0, text.selectionStart), at = before.match(/(?:^|\s)@([\w' -]{0,30})$/);
  if (!at) { offer([]); return; }
  const typed = at[1].toLowerCase();
  const known = names.filter(each => each.name.toLowerCase().startsWith(typed));
  offer(known.slice(0, 10).map(({ name, headline, face }) => ({
    name: `@${name}`,
    hint: headline,
    face,
    take: () => {
      const start = before.length - at[1].length;
      text.value = `${text.value.slice(0, start)}${name} ${text.value.slice(text.selectionStart)}`;
      offer([]); text.focus();
    },
  })));
}

// ---- commands

// What is typed after a command belongs to its first option, as far as it has one.
function fillFirst() {
  const first = [...options.querySelectorAll("input[type=text]")].find(each => !each.value);
  if (!first) return;
  first.value = text.value;
  text.value = "";
  first.focus();
  first.dispatchEvent(new Event("input"));
}

function begin(chosen) {
  command = { chosen, values: {} };
  text.value = "";
  text.placeholder = chosen.options.length ? "Enter runs it · Escape leaves it" : `/${chosen.name} · Enter runs it · Escape leaves it`;
  offer([]);
  const sorted = [...chosen.options].sort((one, other) => !!other.required - !!one.required);
  options.replaceChildren(element("strong", {}, `/${chosen.name}`), element("small", { className: "muted" }, chosen.description), ...sorted.map(option));
  const first = sorted[0]?.required && byId(`option-of-${sorted[0].name}`);
  (first || text).focus();
}

function option(each) {
  const set = value => { if (value === "" || value === undefined) delete command.values[each.name]; else command.values[each.name] = value; };
  const made = input(each, set);
  made.id = `option-of-${each.name}`;
  made.dataset.option = each.name;
  made.addEventListener("keydown", keys);
  return element("label", {}, element("span", {}, each.name, each.required ? element("b", { title: "Required" }, " *") : null, element("small", {}, each.description)), made);
}

const ENTITIES = { 6: () => state.members, 7: () => state.channels.filter(each => each.type !== 1), 8: () => state.roles, 9: () => [...state.members, ...state.roles] };

function input(each, set) {
  const choices = each.choices?.map(one => [one.value, one.name]) || ENTITIES[each.type]?.().map(one => [one.id, one.name]) || (each.type === 5 ? [["true", "yes"], ["false", "no"]] : null);
  if (choices) {
    const made = element("select", {}, element("option", { value: "" }, "–"), choices.map(([value, label]) => element("option", { value }, label)));
    made.addEventListener("change", () => set(each.type === 5 && made.value ? made.value === "true" : made.value));
    return made;
  }
  if (each.type === 11) {
    const made = element("input", { type: "file" });
    made.addEventListener("change", async () => set((await upload(made.files))[0]));
    return made;
  }
  const made = element("input", { type: "text", autocomplete: "off", maxLength: each.max_length ?? 6000 });
  let count = 0;
  const complete = async () => {
    const mine = ++count, others = Object.fromEntries(Object.entries(command.values).filter(([name]) => name !== each.name));
    const found = await act("autocomplete", { channel: state.channel, name: command.chosen.name, option: each.name, text: made.value, options: others }, { quiet: true }).catch(() => []);
    if (mine !== count || document.activeElement !== made) return; // an answer to an older text
    offer(found.map(one => ({ name: one.name, take: () => { count++; made.value = one.name; set(String(one.value)); offer([]); } })));
  };
  made.addEventListener("input", () => { set(made.value); if (each.autocomplete) complete(); });
  made.addEventListener("focus", () => { if (each.autocomplete) complete(); });
  made.addEventListener("blur", () => offer([]));
  return made;
}

async function run() {
  const ran = command, { chosen, values } = ran, filled = [...options.children];
  const missing = chosen.options.find(each => each.required && values[each.name] === undefined);
  if (missing) { byId(`option-of-${missing.name}`).focus(); return; }
  const composer = byId("composer");
  composer.classList.add("running");
  reset();
  text.focus();
  toEnd();
  // What was refused is shown again as it was filled in, unless one has gone on meanwhile.
  await act("slash", { channel: state.channel, name: chosen.name, options: values }).catch(() => {
    if (command || text.value) return;
    command = ran;
    options.replaceChildren(...filled);
  });
  composer.classList.remove("running");
}

async function send() {
  const words = text.value;
  if (!words.trim() && !files.length) return;
  if (/^\/[a-z]/.test(words)) { toast("There is no such command here. Type / to see all of them."); return; }
  const args = { channel: state.channel, text: words, reply: answered, files: await upload(files) };
  text.value = "";
  grow();
  reset();
  toEnd();
  await act("send", args).catch(() => { text.value = words; });
}

function keys(event) {
  if (!picker.hidden && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
    event.preventDefault();
    index = (index + (event.key === "ArrowDown" ? 1 : offered.length - 1)) % offered.length;
    draw();
  } else if (!picker.hidden && (event.key === "Enter" || event.key === "Tab")) {
    event.preventDefault();
    offered[index].take();
  } else if (event.key === "Escape") {
    reset();
    text.focus();
  } else if (event.key === "Enter" && !event.shiftKey) {
    event.preventDefault();
    if (command) run(); else send();
  }
}

function grow() { text.style.height = "auto"; text.style.height = `${Math.min(text.scrollHeight, 240)}px`; }

let typedAt = 0;
text.addEventListener("input", () => {
  grow();
  if (command && !text.value.startsWith("/")) { fillFirst(); return; }
  suggest();
  if (!command && text.value && !text.value.startsWith("/") && Date.now() - typedAt > 8000) {
    typedAt = Date.now();
    act("typing", { channel: state.channel }, { quiet: true }).catch(() => {});
  }
});
text.addEventListener("keydown", keys);
text.addEventListener("paste", event => { if (event.clipboardData.files.length) { event.preventDefault(); attach(event.clipboardData.files); } });
byId("composer").addEventListener("submit", event => { event.preventDefault(); if (command) run(); else send(); });
byId("attach").addEventListener("change", event => { attach(event.target.files); event.target.value = ""; });
document.addEventListener("dragover", event => event.preventDefault());
document.addEventListener("drop", event => { event.preventDefault(); attach(event.dataTransfer.files); });
