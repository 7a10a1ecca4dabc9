// What stands below a question and an answer: which of how many it is, the pen, copy, cite, read
// aloud, thumbs. Not needed before the first answer: it comes with the renderer.

import { $, announce, api, date, fill, gettext, h, icon, named, tool } from "./lib.js";
import { copy } from "./copying.js";

/** "2 / 3" with arrows; nothing when there is only one. actions: siblings(id), show(id, step) */
export function pager(id, actions) {
  const ids = actions.siblings(id);
  if (ids.length < 2) return null;
  const at = ids.indexOf(id);
  const arrow = (name, words, step) =>
    tool(name, words, () => actions.show(ids[at + step], step), {
      disabled: !ids[at + step],
      "data-step": step,
    });
  return h(
    "span",
    { className: "pager", role: "group", "aria-label": gettext("Versions") },
    arrow("left", gettext("Version before"), -1),
    h(
      "span",
      { className: "of", "aria-label": told(at + 1, ids.length) },
      `${at + 1} / ${ids.length}`,
    ),
    arrow("right", gettext("Next version"), 1),
  );
}

export const told = (number, count) =>
  fill(gettext("Version %(number)s of %(count)s"), { number, count });

// --- a question ------------------------------------------------------------------------------
/** actions: as of pager, and edit(id, text), which is false when it cannot be sent now */
export function questionFoot(element, message, actions) {
  const foot = h("div", { className: "question-foot" });
  const pen = tool(
    "pen",
    gettext("Change this question"),
    () => editing(element, message, actions),
    { "data-pen": true },
  );
  foot.append(...[pager(message.id, actions), pen].filter(Boolean));
  return foot;
}

/** The question as a box to write in; Escape leaves it as it was. */
export function editing(element, message, actions, text = message.content) {
  if (element.querySelector("textarea")) return;
  const box = h("textarea", {
    value: text,
    rows: 2,
    maxLength: 100000,
    dir: "auto",
    "aria-label": gettext("Your question"),
  });
  const leave = () => {
    form.remove();
    element.classList.remove("editing");
    element.querySelector("[data-pen]")?.focus();
  };
  const form = h(
    "form",
    {
      className: "leaf-box question-edit",
      onsubmit: (event) => {
        event.preventDefault();
        if (!box.value.trim()) return;
        if (actions.edit(message.id, box.value)) leave();
      },
    },
    box,
    h(
      "div",
      { className: "actions" },
      h("button", { type: "button", className: "button small", onclick: leave }, gettext("Cancel")),
      h("button", { className: "button small primary" }, gettext("Ask again")),
    ),
  );
  box.onkeydown = (event) => {
    if (event.key === "Escape") {
      event.stopPropagation();
      leave();
    }
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing && event.keyCode !== 229) {
      event.preventDefault();
      form.requestSubmit();
    }
  };
  element.classList.add("editing");
  element.append(form);
  box.focus();
  box.setSelectionRange(box.value.length, box.value.length);
}

// --- an answer -------------------------------------------------------------------------------
/** answer: the Answer; actions: as of pager, and retry(id), failed(error) */
export function answerFoot(answer, message, actions) {
  const option = [...$("model").options].find(
    ({ value }) => value === (message.model ?? answer.model)?.id,
  );
  const model = message.model ?? answer.model;
  const name = option?.text ?? model?.display_name ?? model?.name;
  const when = message.created_at
    ? date(new Date(message.created_at), { hour: "2-digit", minute: "2-digit" })
    : "";
  const foot = h(
    "footer",
    { className: "answer-foot" },
    pager(message.id, actions),
    copies("copy", gettext("Copy the answer"), () => answer.text),
    copies("quote", gettext("Copy the sources as references"), () =>
      references(answer, name, message),
    ),
    "speechSynthesis" in window ? speaker(answer.prose) : null,
    tool("again", gettext("Answer again"), () => actions.retry(message.id), {
      "data-again": true,
    }),
    thumbs(message, actions),
    h("span", { className: "by" }, [name, when].filter(Boolean).join(" · ")),
  );
  return foot;
}

function copies(name, label, text) {
  const act = async () => {
    try {
      await copy(text());
      button.replaceChildren(icon("check"));
      announce(gettext("Copied."));
    } catch (error) {
      console.warn(error);
      announce(gettext("The browser did not allow copying. Select the words and copy them."));
    }
  };
  const button = tool(name, label, act, { "data-copies": name });
  return button;
}

function speaker(prose) {
  const button = tool("speak", gettext("Read aloud"), async () => {
    const { readAloud } = await import("./aloud.js");
    readAloud(prose, button);
  });
  return button;
}

/** The cited sources, one a line, as they are written below a text. */
function references(answer, model, message) {
  const when = date(message.created_at ? new Date(message.created_at) : new Date(), {
    dateStyle: "long",
  });
  const cited = [...answer.sources.values()].filter((source) => source.cited);
  const rows = cited.map((source) =>
    [
      `[${source.number}] ${named(source)}.`,
      source.excerpt ? `“${source.excerpt.split(/\s+/).join(" ")}”` : "",
      source.source_url ?? "",
    ]
      .filter(Boolean)
      .join(" "),
  );
  const by = fill(gettext("Answer by %(model)s in Lontar, %(when)s."), {
    model: model ?? "Lontar",
    when,
  });
  return [...rows, by].join("\n");
}

// --- thumbs ----------------------------------------------------------------------------------
function thumbs(message, actions) {
  let given = message.feedback ?? null;
  const box = h("span", { className: "thumbs" });
  const thumb = (name, label, value) =>
    tool(name, label, () => give(given?.value === value ? null : { value, reason: "" }), {
      "data-thumb": value,
    });
  const buttons = [
    thumb("good", gettext("A good answer"), 1),
    thumb("bad", gettext("Not a good answer"), -1),
  ];
  const press = () => {
    for (const button of buttons)
      button.setAttribute("aria-pressed", String(given?.value === Number(button.dataset.thumb)));
  };
  async function give(next, why = true) {
    const address = `chat/messages/${message.id}/feedback`;
    try {
      if (next) given = await api(address, { method: "POST", body: next });
      else {
        await api(address, { method: "DELETE" });
        given = null;
      }
      message.feedback = given;
    } catch (error) {
      actions.failed(error);
      return;
    }
    press();
    box.closest(".answer")?.querySelector(".reason")?.remove();
    if (given && why) box.closest(".answer-foot").after(reason(given, (words) => give({ ...given, reason: words }, false)));
    else announce(given ? gettext("Thank you.") : gettext("Taken back."));
  }
  press();
  box.append(...buttons);
  return box;
}

/** Why, if the reader likes: the thumb itself is kept already. */
function reason(given, send) {
  const input = h("input", {
    maxLength: 2000,
    value: given.reason,
    "aria-label": gettext("Why?"),
    placeholder:
      given.value > 0 ? gettext("What was good? (if you like)") : gettext("What was wrong? (if you like)"),
  });
  const form = h(
    "form",
    {
      className: "reason",
      onsubmit: (event) => {
        event.preventDefault();
        if (input.value.trim()) send(input.value.trim());
        else form.remove();
      },
      onkeydown: (event) => {
        if (event.key === "Escape") form.remove();
      },
    },
    input,
    h("button", { className: "button small" }, gettext("Send")),
    tool("close", gettext("Close"), () => form.remove()),
  );
  return form;
}
