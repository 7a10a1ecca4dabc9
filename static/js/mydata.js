// My data: the archive being put together, shared links, the end of the account.

import {
  $,
  announce,
  api,
  bytes,
  confirmFirst,
  date,
  fill,
  gettext,
  h,
  icon,
  ngettext,
} from "./lib.js";

const LOOK_AGAIN = 1200;
const day = (text) => date(new Date(text), { dateStyle: "medium", timeStyle: "short" });

// --- the archive -----------------------------------------------------------------------------
let looking;

async function draw() {
  clearTimeout(looking);
  try {
    const { exports: rows } = await api("me/exports");
    $("exports").replaceChildren(...rows.map(row));
    const busy = rows.some(({ status }) => status === "WAITING" || status === "RUNNING");
    $("export").disabled = busy;
    if (busy) looking = setTimeout(draw, LOOK_AGAIN);
    else if (draw.wasBusy && rows[0]?.status === "READY") announce(gettext("Your archive is ready."));
    draw.wasBusy = busy;
  } catch (error) {
    $("exports").replaceChildren(h("p", { className: "errors" }, error.message));
  }
}

function row(item) {
  const remove = h(
    "button",
    { type: "button", className: "button small", onclick: () => change(item, "DELETE") },
    item.status === "READY" ? gettext("Delete the archive") : gettext("Cancel"),
  );
  if (item.status === "READY") {
    const words = gettext("%(size)s, made %(made)s, kept until %(until)s");
    return h(
      "div",
      { className: "stack", "data-status": item.status },
      h(
        "a",
        { className: "button primary", href: `/api/v1/me/exports/${item.id}/download`, download: "" },
        icon("save"),
        gettext("Download the archive"),
      ),
      h(
        "p",
        { className: "quiet" },
        fill(words, {
          size: bytes(item.size),
          made: day(item.finished_at),
          until: day(item.expires_at),
        }),
      ),
      remove,
    );
  }
  if (item.status === "FAILED")
    return h(
      "p",
      { className: "errors", "data-status": item.status },
      gettext("The archive could not be made. Try again, or tell an administrator."),
    );
  const told = item.total
    ? fill(gettext("%(done)s of %(total)s chats and files"), item)
    : gettext("Waiting for its turn");
  return h(
    "div",
    { className: "stack", "data-status": item.status },
    h("progress", {
      max: item.total || 1,
      value: item.done,
      "aria-label": gettext("Putting your data together"),
    }),
    h("p", { className: "quiet" }, told),
    remove,
  );
}

async function change(item, method) {
  try {
    await api(`me/exports${item ? `/${item.id}` : ""}`, { method });
  } catch (error) {
    announce(error.message);
  }
  draw();
}
$("export").onclick = () => change(null, "POST");

// --- shared links ----------------------------------------------------------------------------
async function links() {
  const open = (await api("chat/shares?limit=100")).shares.filter(({ is_open }) => is_open);
  $("links").replaceChildren(
    ...(open.length ? open.map(link) : [h("li", { className: "quiet" }, gettext("There are none."))]),
  );
}

function link(share) {
  return h(
    "li",
    {},
    h("a", { href: `/chat/${share.session_id}/`, dir: "auto" }, share.title || gettext("New chat")),
    h(
      "button",
      {
        type: "button",
        className: "button small danger",
        onclick: async () => {
          await api(`chat/shares/${share.id}`, { method: "DELETE" });
          links();
        },
      },
      gettext("Take back"),
    ),
  );
}

// --- who read ----------------------------------------------------------------------------------
async function opened() {
  const { readings } = await api("me/readings?limit=50");
  const told = ({ reader, group }) =>
    group
      ? fill(gettext("%(reader)s, for the class “%(group)s”"), { reader, group })
      : fill(gettext("%(reader)s, as administrator"), { reader });
  $("opened").replaceChildren(
    ...(readings.length
      ? readings.map((reading) =>
          h(
            "li",
            {},
            h(
              "a",
              { href: `/chat/${reading.session_id}/`, dir: "auto" },
              reading.title || gettext("New chat"),
            ),
            h("span", { className: "quiet" }, `${told(reading)}, ${day(reading.read_at)}`),
          ),
        )
      : [h("li", { className: "quiet" }, gettext("Nobody did."))]),
  );
}

// --- the end ---------------------------------------------------------------------------------
async function goes() {
  const what = await api("me/account");
  const parts = [
    fill(ngettext("%(count)s chat", "%(count)s chats", what.chats), { count: what.chats }),
    fill(ngettext("%(count)s file", "%(count)s files", what.documents), { count: what.documents }),
  ];
  const others = what.documents_others_read
    ? fill(
        ngettext(
          "%(count)s of the files is in a collection that others read: it is gone for them too.",
          "%(count)s of the files are in collections that others read: they are gone for them too.",
          what.documents_others_read,
        ),
        { count: what.documents_others_read },
      )
    : "";
  $("goes").textContent = `${fill(gettext("That is %(what)s."), { what: parts.join(", ") })} ${others}`;
}

$("leave").onsubmit = async (event) => {
  event.preventDefault();
  $("leave-wrong").textContent = "";
  const sure = await confirmFirst(
    gettext("Delete your account?"),
    gettext("Everything is gone for good. Nobody can bring it back."),
    gettext("Delete my account"),
  );
  if (!sure) return;
  try {
    await api("me/account", { method: "DELETE", body: { password: $("leave-password").value } });
    location.assign("/accounts/login/");
  } catch (error) {
    $("leave-wrong").textContent = error.message;
    $("leave-password").focus();
  }
};

draw();
links();
opened();
goes();
