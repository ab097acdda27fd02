// Behind the scenes: the clock, how a message came about, what happens next, jobs, and models.

import { byId, dialog, element } from "./dom.js";
import { act, now, speedOfTime, state } from "./connection.js";

const REFRESH = 1000, HOURS = 24;
const SPEEDS = [[0, "❚❚", "Stop the time"], [1, "×1", "Let time pass as it does"], [60, "×60", "Let an hour pass in a minute"]];
const drawer = byId("drawer");
let timer = null;

export const isOpen = () => !drawer.hidden;

export function toggle(open = drawer.hidden) {
  drawer.hidden = !open;
  document.body.classList.toggle("behind", open);
  byId("scenes").setAttribute("aria-expanded", String(open));
  clearInterval(timer);
  if (!open) { if (drawer.contains(document.activeElement) || document.activeElement === document.body) byId("scenes").focus(); return; }
  if (!drawer.childElementCount) build();
  refresh();
  timer = setInterval(() => { if (!document.hidden) refresh(); }, REFRESH);
}

const section = (id, title, ...content) => element("section", { id }, element("h2", {}, title), ...content);

function build() {
  drawer.append(
    element("header", {}, element("h1", {}, "Behind the scenes"), element("button", { type: "button", "aria-label": "Close", onclick: () => toggle(false) }, "✕")),
    section("clock", "The clock", element("p", { id: "time", className: "muted" }),
      element("div", { className: "row", role: "group", "aria-label": "How fast time passes" },
        SPEEDS.map(([value, label, title]) => element("button", { type: "button", className: "button", title, "aria-label": title, "data-speed": String(value), onclick: () => set({ speed: value }) }, label)),
        element("button", { type: "button", className: "button", title: "Set the clock an hour forward", "aria-label": "Set the clock an hour forward", onclick: () => set({ minutes: 60 }) }, "+1 h"))),
    section("models", "The model", element("ul", { id: "vendors" }), element("button", { type: "button", className: "button", onclick: async () => better((await act("overview", {})).keys) }, "Use a better one…")),
    section("message", "This message", element("p", { className: "muted" }, "Click a message to see how it came about.")),
    section("plan", "What comes next", element("p", { id: "next", className: "muted" }), element("div", { id: "timeline" })),
    section("done", "What they did last", element("ul", { id: "acts" })),
    section("jobs", "Background jobs", element("p", { className: "muted" }, "What must not be lost, and is resumed wherever the bot dies."), element("ul", { id: "queue" })),
  );
}

const set = change => act("clock", change).then(refresh, () => {});

function showTime() {
  const speed = speedOfTime();
  byId("time").textContent = `${now().toLocaleString([], { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", second: "2-digit" })}${speed === 0 ? " · stopped" : ""}`;
  drawer.querySelectorAll("[data-speed]").forEach(each => each.setAttribute("aria-pressed", String(Number(each.dataset.speed) === speed)));
}

async function refresh() {
  const shown = await act("overview", {}, { quiet: true }).catch(() => null);
  if (!shown || drawer.hidden) return;
  showTime();
  timeline(shown);
  byId("acts").replaceChildren(...(shown.acts.length ? shown.acts.slice(0, 6).map(line) : [element("li", { className: "muted" }, "Nothing yet.")]));
  byId("queue").replaceChildren(...shown.jobs.slice(0, 12).map(job));
  vendors(shown);
}

const REASONS = { cap: "enough for now", repeat: "it would have repeated itself", stale: "too late", again: "done already" };
const time = iso => new Date(iso).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });

function line(each) {
  const done = each.status === "DONE", what = each.kind.replace("_", " ");
  const channel = state.channels.find(one => one.id === each.channel)?.name || "?";
  return element("li", {}, element("time", {}, time(each.at)), " ", element("strong", {}, each.name), ` ${what} in #${channel}`,
    element("small", {}, ` · ${done ? "done" : each.status.toLowerCase()}${each.reason ? `: ${REASONS[each.reason] || each.reason}` : ""}`));
}

// A row for each of them: a line, when they will be there; a dot, what is planned.
function timeline(shown) {
  const start = now(), names = Object.keys(shown.moments);
  const dot = (at, className, title) => element("i", { className, title, style: `left: ${Math.min(Math.max((new Date(at) - start) / 36000 / HOURS, 0), 100)}%` });
  const row = name => element("div", { className: "lane" }, element("span", {}, name), element("b", {},
    shown.moments[name].map(at => dot(at, "", `There at ${time(at)}`)),
    shown.planned.filter(each => each.name === name).map(each => dot(each.at, "planned", `${each.kind} at ${time(each.at)}`))));
  const soonest = [...shown.planned.map(each => [each.at, each.name]), ...names.flatMap(name => shown.moments[name].map(at => [at, name]))].sort((one, other) => new Date(one[0]) - new Date(other[0])).find(([at]) => new Date(at) > start);
  byId("next").textContent = soonest ? `Next is ${soonest[1]}, at ${time(soonest[0])}. Most visits lead to nothing, as with people.` : "Everybody is away: set the clock forward, or ask for an act by /engine trigger.";
  const words = shown.paused ? "The engine is paused: /engine resume." : `| will be there · ● has planned something, in the next ${HOURS} hours`;
  const axis = element("div", { className: "lane axis" }, element("span", {}), element("b", {}, ["now", "+6 h", "+12 h", "+18 h"].map((label, index) => element("small", { style: `left: ${index * 25}%` }, label))));
  byId("timeline").replaceChildren(...names.map(row), axis, element("small", {}, words));
}

const JOBS = { act: "something on a board", sweep: "looking for files of nothing", "cleared lines": "deleting cleared conversations", retention: "deleting what is too old", "memories indexed": "reading old memories anew", "photos looked at": "describing a photo for search", "social post": "posting a photo", "social notice": "telling how a post went", "social take back": "taking a post back", "picture on request": "drawing a picture", "spoken answer": "speaking an answer", "character shown": "showing a character", character: "drawing a character", "clear files": "deleting a character's files", "delete files": "deleting files", "publish notice": "telling how a publication went", publish: "publishing somebody" };

function job(each) {
  const failed = each.status === "failed", taken = each.seconds === null ? "" : ` · ${each.seconds.toFixed(1)} s`;
  const due = each.status === "pending" && each.due > 1 ? ` in ${each.due < 120 ? `${Math.round(each.due)} s` : `${Math.round(each.due / 60)} min`}` : "";
  return element("li", { className: failed ? "failed" : "" }, element("strong", {}, JOBS[each.kind] || each.kind), element("small", {}, ` · ${each.status}${due}${taken}${each.attempt > 1 ? ` · attempt ${each.attempt}` : ""}`),
    each.error && element("small", {}, ` · ${each.error.slice(0, 160)}`));
}

function vendors({ models }) {
  byId("vendors").replaceChildren(...models.map(each => element("li", {}, element("strong", {}, each.label), element("small", {}, ` · ${each.model} `),
    each.used ? element("small", {}, "· answers where nobody has chosen another")
      : element("button", { type: "button", className: "link", onclick: () => act("model", { vendor: each.vendor }).then(refresh, () => {}) }, "use it"))));
}

function better(keys) {
  const vendor = element("select", {}, Object.entries(keys).map(([value, label]) => element("option", { value }, label)));
  const key = element("input", { type: "password", required: true, autocomplete: "off", maxLength: 400 });
  dialog("A better model", [
    element("p", {}, "An Ollama that runs on this computer is found by itself when the playground starts. Or paste a key: it is checked, written into the file .env of this folder, and used from then on. The bot starts again, and this page waits for it."),
    element("label", {}, element("span", {}, "Vendor"), vendor), element("label", {}, element("span", {}, "Key"), key)],
  close => act("key", { vendor: vendor.value, key: key.value }).then(close, () => {}));
}

// ---- one message

export async function inspect(message) {
  toggle(true);
  const shown = byId("message"), title = shown.querySelector("h2");
  document.querySelector("#log > .inspected")?.classList.remove("inspected");
  document.querySelector(`#log > [data-id="${message.id}"]`)?.classList.add("inspected");
  const found = await act("inspect", { channel: message.channel_id, id: message.id }).catch(() => null);
  shown.replaceChildren(title, ...(found ? behind(found).flat(Infinity).filter(Boolean) : [element("p", { className: "muted" }, "No personality has written this.")]));
}

function behind(found) {
  if (found.refused) return [element("p", { className: "muted" }, found.refused)];
  const why = found.provenance, facts = [
    why.model && ["Model", why.model], why.config && ["Config", `${why.config}, chosen by ${why.config_source}`],
    why.persona && ["Persona", `${why.persona}, chosen by ${why.persona_source}`], why.version && ["Version", why.version],
    ["Tokens", `${why.tokens_in || 0} read${why.tokens_cached ? ` (${why.tokens_cached} cached)` : ""}, ${why.tokens_out || 0} written`],
    ["Cost", why.cost_usd === null || why.cost_usd === undefined ? "unknown" : why.cost_usd ? `$${why.cost_usd.toFixed(6)}` : "nothing"],
    found.act && ["Act", `${found.act.kind.replace("_", " ")}, ${new Date(found.act.at).toLocaleString()}`],
  ].filter(Boolean);
  return [
    element("dl", {}, facts.map(([name, value]) => element("div", {}, element("dt", {}, name), element("dd", {}, String(value))))),
    list("Memories used", (why.memories || []).map(each => `${each.content} (${each.score})`)),
    list("Lore used", (why.lore || []).map(each => `${each.entry} of ${each.book}: ${each.key ? `“${each.key}”` : each.reason}`)),
    list("Tools called", (why.tools || []).map(each => `${each.tool} ${each.arguments}`)),
    ...(found.calls.length ? found.calls.flatMap(prompt) : [element("p", { className: "muted" }, found.act ? "It was written in advance, or the bot has started since: its prompt is not kept." : "The bot has started since: prompts are kept in memory only.")]),
  ];
}

const list = (title, lines) => lines.length ? [element("h3", {}, title), element("ul", {}, lines.map(each => element("li", {}, each)))] : [];

function prompt(call, index) {
  const others = call.answers.slice(1).filter(Boolean);
  return [
    element("h3", {}, `The prompt as it was sent${index ? `, call ${index + 1}` : ""}`),
    element("small", { className: "muted" }, Object.entries(call.sampling).map(([name, value]) => `${name} ${value}`).join(" · ")),
    ...call.messages.map(each => element("details", { open: each.role !== "system" || call.messages.length < 4 }, element("summary", {}, each.role + (each.pictures ? ` + ${each.pictures} pictures` : "")), element("pre", {}, each.content))),
    others.length ? element("details", {}, element("summary", {}, `${others.length} other answers, not taken`), element("ul", {}, others.map(each => element("li", {}, each)))) : null,
  ];
}

byId("scenes").addEventListener("click", () => { toggle(); drawer.querySelector("header button")?.focus(); });
document.addEventListener("keydown", event => { if (event.key === "Escape" && isOpen() && !byId("dialog").open && document.activeElement !== byId("text")) toggle(false); });
