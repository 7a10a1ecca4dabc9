// One file as a row: its name, how far it is or why it failed, and what can be done about it.

import { amount, boot, bytes, countWords, fill, gettext, h, ngettext, tool } from "./lib.js";

const ARCHIVE = "application/zip";
const STAGES = {
  extract: () => gettext("Reading the pages"),
  chunk: () => gettext("Splitting into passages"),
  embed: () => gettext("Preparing for search"),
  index: () => gettext("Saving"),
};

/** `does`: view(row, element), retry(row), delete(row), dismiss(row), cancel(row), remove(row),
    stop(row), reprocess(row) */
export function fileRow(row, place, does) {
  const can = canOpen(row);
  const name = can
    ? h(
        "button",
        {
          type: "button",
          className: "name",
          title: row.name,
          onclick: (event) => does.view(row, event.currentTarget),
        },
        row.name,
      )
    : h("span", { className: "name", title: row.name }, row.name);
  const { words, className, value } = state(row, place);
  return h(
    "li",
    { className: "file", "data-status": row.status, "data-file": row.id ?? row.key },
    name,
    h("span", { className: `what ${className ?? ""}` }, words),
    origin(row, does),
    refusals(row),
    h("span", { className: "does" }, tools(row, place, does)),
    value === undefined
      ? null
      : h("progress", {
          max: 100,
          value,
          "aria-label": fill(gettext("Progress of %(name)s"), { name: row.name }),
        }),
  );
}

/** An archive has no pages: what came out of it stands in rows of its own. */
export const canOpen = (row) => row.status === "PROCESSED" && row.media_type !== ARCHIVE;

/** Rows the socket told of are the reader's own. */
export const isMine = (row) =>
  row.uploaded_by === undefined || row.uploaded_by === boot.user.id;

/** Which archive a file came out of, while that is there. */
function origin(row, does) {
  const archive = row.archive_id && does.nameOf(row.archive_id);
  return archive
    ? h("span", { className: "what" }, fill(gettext("from %(archive)s"), { archive }))
    : null;
}

/** The files of an archive that were not taken, each with its sentence. */
function refusals(row) {
  if (row.status !== "PROCESSED" || !row.refusals?.length) return null;
  const count = row.refusals.length;
  const words = ngettext("%(count)s file not taken", "%(count)s files not taken", count);
  return h(
    "details",
    {
      className: "what",
      open: row.opened,
      ontoggle: (event) => {
        row.opened = event.currentTarget.open;
      },
    },
    h("summary", {}, fill(words, { count })),
    h(
      "ul",
      {},
      row.refusals.map(({ name, reason }) => h("li", {}, h("b", { dir: "auto" }, name), ` ${reason}`)),
    ),
  );
}

function state(row, place) {
  const percent = (value) => `${Math.round(value)}%`;
  switch (row.status) {
    case "SENDING":
      return sending(row, percent);
    case "UPLOADED":
      return { words: gettext("Waiting to be read"), value: 0 };
    case "PROCESSING": {
      const left = row.seconds_left ? ` · ${timeLeft(row.seconds_left)}` : "";
      return {
        words: `${(STAGES[row.stage] ?? STAGES.extract)()} · ${percent(row.progress)}${left}`,
        value: row.progress,
      };
    }
    case "PROCESSED": {
      const pages = countWords(row.page_count, row.page_unit);
      const remark = row.remark ? ` · ${row.remark}` : "";
      // Other chats do not find it: whoever begins one would miss it.
      const alone =
        (row.in_chat ?? row.chat) && place !== "shelf" ? ` · ${gettext("for its chat only")}` : "";
      return {
        words: `${row.again ? gettext("Already here, ready") : gettext("Ready")}${pages && ` · ${pages}`}${alone}${remark}`,
        className: "ready",
      };
    }
    default:
      return { words: row.error || gettext("This file could not be read."), className: "wrong" };
  }
}

function sending(row, percent) {
  if (!row.began)
    return { words: `${gettext("Waiting to be sent")} · ${bytes(row.size)}`, value: 0 };
  const seconds = row.sent > 0 ? ((Date.now() - row.began) / 1000) * (1 / row.sent - 1) : 0;
  // A few seconds are over before they are read.
  const left = seconds >= 5 ? ` · ${timeLeft(Math.round(seconds))}` : "";
  return {
    words: `${gettext("Sending")} · ${percent(row.sent * 100)} ${fill(gettext("of %(size)s"), { size: bytes(row.size) })}${left}`,
    value: row.sent * 100,
  };
}

function tools(row, place, does) {
  const label = (words) => fill(words, { name: row.name });
  const retry = tool("again", label(gettext("Try %(name)s again")), () => does.retry(row));
  const remove = tool("bin", label(gettext("Delete %(name)s")), () => does.delete(row));
  const hide = tool("close", label(gettext("Hide %(name)s")), () => does.dismiss(row));
  if (row.status === "SENDING")
    return [tool("close", label(gettext("Cancel %(name)s")), () => does.cancel(row))];
  if (row.status === "REFUSED")
    return [retry, tool("close", label(gettext("Remove %(name)s")), () => does.remove(row))];
  const stop = tool("stop", label(gettext("Stop reading %(name)s")), () => does.stop(row));
  const again = tool("again", label(gettext("Read %(name)s again")), () => does.reprocess(row));
  const mine = boot.user.is_admin || isMine(row);
  if (place === "shelf") return shelfTools(row, mine, { stop, retry }, does);
  if (row.status === "FAILED") return mine ? [retry, remove] : [hide];
  if (row.status !== "PROCESSED") return mine ? [stop, remove] : [];
  if (place === "tray") return [hide];
  return mine ? [again, remove] : [];
}

/** Most is in a menu: a long list stays calm. */
function shelfTools(row, mine, { stop, retry }, does) {
  const label = fill(gettext("More for “%(title)s”"), { title: row.name });
  const more = tool("more", label, (event) => does.more(row, event.currentTarget));
  if (row.status === "PROCESSED") return [more];
  if (!mine) return [];
  return [row.status === "FAILED" ? retry : stop, more];
}

function timeLeft(seconds) {
  const [count, unit] = seconds < 60 ? [seconds, "second"] : [Math.round(seconds / 60), "minute"];
  return fill(gettext("about %(time)s left"), { time: amount(count, unit) });
}
