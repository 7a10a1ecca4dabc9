// What is asked about a collection: its name, who may read it, what becomes of its documents.

import { ApiError, api, boot, fill, gettext, h, ngettext, tool } from "./lib.js";
import { meantForMe } from "./shelves.js";

/** A form in a dialog; `save()` runs on yes, and its error stands in the dialog. Resolves to what
    it gave, or to null. `also`: a button above the two; `stays`: open until it is closed. */
export function asking(title, parts, yes, save, { danger, also, stays } = {}) {
  // A second click while the first one waited for this module.
  if (document.querySelector("dialog[open]")) return Promise.resolve(null);
  return new Promise((resolve) => {
    let given = null;
    const wrong = h("p", { className: "errors", role: "alert" });
    const button = h(
      "button",
      { className: danger ? "button danger" : "button primary" },
      yes || "",
    );
    const finish = async (run) => {
      button.disabled = true;
      try {
        given = (await run()) ?? {};
        if (stays) {
          wrong.textContent = "";
          button.disabled = false;
        } else dialog.close();
      } catch (error) {
        wrong.textContent = error.message;
        button.disabled = false;
        if (!(error instanceof ApiError)) throw error;
      }
    };
    const form = h(
      "form",
      {
        className: "form",
        onsubmit: (event) => {
          event.preventDefault();
          finish(save);
        },
      },
      parts,
      also?.(finish),
      wrong,
      h(
        "div",
        { className: "actions" },
        h(
          "button",
          { type: "button", className: "button", onclick: () => dialog.close() },
          stays ? gettext("Close") : gettext("Cancel"),
        ),
        yes ? button : null,
      ),
    );
    const dialog = h(
      "dialog",
      { className: "ask wide", "aria-labelledby": "ask-title" },
      h("h2", { id: "ask-title" }, title),
      form,
    );
    dialog.onclose = () => {
      dialog.remove();
      resolve(given);
    };
    document.body.append(dialog);
    dialog.showModal();
    form.querySelector("input, textarea, select")?.focus();
  });
}

const field = (label, input, help) =>
  h(
    "div",
    { className: "field" },
    h("label", { htmlFor: input.id }, label),
    input,
    help ? h("p", { className: "help" }, help) : null,
  );

const check = (label, input) =>
  h("div", { className: "field check" }, input, h("label", { htmlFor: input.id }, label));

const change = (collection, body) =>
  api(`collections/${collection.id}`, { method: "PATCH", body });

/** A new collection, or another name and description for one. */
export function describe(collection) {
  const name = h("input", {
    id: "ask-name",
    maxLength: 200,
    required: true,
    value: collection?.name ?? "",
    autocomplete: "off",
  });
  const words = h("textarea", {
    id: "ask-words",
    maxLength: 2000,
    rows: 3,
    value: collection?.description ?? "",
  });
  const fields = () => ({ name: name.value.trim(), description: words.value.trim() });
  return asking(
    collection ? gettext("Name and description") : gettext("New collection"),
    [
      field(gettext("Name"), name, gettext("For example the course and the year.")),
      field(gettext("Description (if you like)"), words),
      collection
        ? null
        : h("p", { className: "quiet" }, gettext("Only you can read it until you share it.")),
    ],
    collection ? gettext("Save") : gettext("Make it"),
    () =>
      collection
        ? change(collection, fields())
        : api("collections", { method: "POST", body: fields() }),
  );
}

/** Who may read it. */
export async function share(collection) {
  const open = h("input", { type: "checkbox", id: "ask-open", checked: collection.is_open });
  const groups = await groupBoxes(collection);
  const people = new People(collection.users.map(({ email }) => email));
  const shared = collection.is_open || collection.groups.length || collection.users.length;
  const save = () =>
    change(collection, {
      ...(boot.user.is_admin ? { is_open: open.checked } : {}),
      groups: groups.filter((box) => box.checked).map((box) => box.value),
      users: people.all(),
    });
  const nobody = () =>
    change(collection, {
      ...(boot.user.is_admin ? { is_open: false } : {}),
      groups: [],
      users: [],
    });
  return asking(
    fill(gettext("Who can read “%(name)s”?"), { name: collection.name }),
    [
      boot.user.is_admin ? check(gettext("Everybody who is signed in"), open) : null,
      groups.length
        ? h(
            "fieldset",
            { className: "boxes" },
            h("legend", {}, gettext("Groups")),
            groups.map((box) => check(box.title, box)),
          )
        : null,
      people.element,
      h(
        "p",
        { className: "quiet" },
        gettext("They can read and ask, not change anything. Administrators can read every collection."),
      ),
    ],
    gettext("Save"),
    save,
    {
      also: (finish) =>
        shared
          ? h(
              "button",
              { type: "button", className: "button danger small", onclick: () => finish(nobody) },
              gettext("Stop sharing"),
            )
          : null,
    },
  );
}

async function groupBoxes(collection) {
  let known = [];
  try {
    if (boot.user.is_admin) known = (await api("groups?limit=100")).groups;
    else if (boot.sharing === "groups") known = (await api("auth/me")).groups;
  } catch (error) {
    console.warn(error);
  }
  const now = new Set(collection.groups.map(({ id }) => id));
  const rest = known.filter(({ id }) => !now.has(id));
  return [...collection.groups, ...rest].map((group) =>
    h("input", {
      type: "checkbox",
      id: `ask-${group.id}`,
      value: group.id,
      title: group.name,
      checked: now.has(group.id),
    }),
  );
}

/** Addresses, each with a button that takes it off; several may be pasted at once. */
class People {
  constructor(emails) {
    this.emails = emails;
    this.list = h("ul", { className: "people", "aria-label": gettext("People who can read it") });
    this.input = h("input", {
      id: "ask-people",
      type: "text",
      inputMode: "email",
      autocomplete: "off",
      onkeydown: (event) => {
        if (event.key !== "Enter" || event.isComposing || !this.input.value.trim()) return;
        event.preventDefault();
        this.#take();
      },
    });
    this.element = h(
      "div",
      { className: "field" },
      h("label", { htmlFor: "ask-people" }, gettext("People, by e-mail address")),
      this.list,
      h(
        "div",
        { className: "add-person" },
        this.input,
        h("button", { type: "button", className: "button", onclick: () => this.#take() }, gettext("Add")),
      ),
    );
    this.#draw();
  }

  /** With what is still in the box. */
  all() {
    this.#take();
    return this.emails;
  }

  #take() {
    const typed = this.input.value.split(/[\s,;]+/).filter(Boolean);
    this.emails = [...new Set([...this.emails, ...typed.map((email) => email.toLowerCase())])];
    this.input.value = "";
    this.#draw();
  }

  #draw() {
    this.list.replaceChildren(
      ...this.emails.map((email) =>
        h(
          "li",
          {},
          h("span", {}, email),
          tool("close", fill(gettext("Take %(email)s off"), { email }), () => {
            this.emails = this.emails.filter((other) => other !== email);
            this.#draw();
            this.input.focus();
          }),
        ),
      ),
    );
    this.list.hidden = !this.emails.length;
  }
}

/** Deletes a collection, and says what becomes of the documents in it. */
export function remove(collection) {
  const count = collection.document_count;
  const radio = (value, checked) =>
    h("input", { type: "radio", name: "documents", id: `ask-${value}`, value, checked });
  const keep = radio("keep", true);
  const kill = radio("delete", false);
  const choice = h(
    "fieldset",
    { className: "boxes" },
    h(
      "legend",
      {},
      fill(
        ngettext(
          "What becomes of the %(count)s document in it?",
          "What becomes of the %(count)s documents in it?",
          count,
        ),
        { count },
      ),
    ),
    check(gettext("Keep: back to the own documents of whoever uploaded it"), keep),
    check(gettext("Delete too, for good"), kill),
  );
  return asking(
    fill(gettext("Delete “%(name)s”?"), { name: collection.name }),
    [
      h("p", {}, gettext("Nobody can read it any more. Answers keep the words they quoted.")),
      count ? choice : null,
    ],
    gettext("Delete"),
    () => {
      const documents = count ? `?documents=${keep.checked ? "keep" : "delete"}` : "";
      return api(`collections/${collection.id}${documents}`, { method: "DELETE" });
    },
    { danger: true },
  );
}

/** Another collection for a document; resolves to the document as it is then. */
export async function move(row) {
  const targets = (await meantForMe()).filter(
    ({ id, can_change }) => can_change && id !== row.collection_id,
  );
  const select = h(
    "select",
    { id: "ask-target", required: true },
    targets.map(({ id, name }) => h("option", { value: id }, name)),
  );
  return asking(
    fill(gettext("Move “%(name)s”"), { name: row.name }),
    targets.length
      ? [
          field(
            gettext("To the collection"),
            select,
            gettext("Whoever can read that collection can read the document then, and nobody else."),
          ),
        ]
      : [h("p", {}, gettext("There is no other collection of yours. Make one first."))],
    targets.length && gettext("Move"),
    () =>
      api(`files/${row.id}`, { method: "PATCH", body: { collection_id: select.value } }),
  );
}
