// Who can read a collection, and how much is in it, in plain words.

import { boot, fill, gettext, ngettext } from "./lib.js";

const MOST_NAMES = 3;

export function readers(collection) {
  if (collection.is_open) return gettext("Everybody here");
  if (!collection.can_change) return whyI(collection);
  const names = [
    ...collection.groups.map((group) => group.name),
    ...collection.users.map((person) => person.email),
  ];
  const own = collection.owner_id === boot.user.id;
  if (!names.length)
    return own ? gettext("Only you") : fill(gettext("Only %(name)s"), { name: collection.owner_name });
  const first = own ? gettext("You") : collection.owner_name;
  const rest = names.length - MOST_NAMES;
  const shown = [first, ...names.slice(0, MOST_NAMES)].join(", ");
  if (rest <= 0) return shown;
  return fill(ngettext("%(names)s and %(count)s more", "%(names)s and %(count)s more", rest), {
    names: shown,
    count: rest,
  });
}

function whyI(collection) {
  const values = { name: collection.owner_name, groups: collection.my_groups.join(", ") };
  if (collection.my_groups.length) return fill(gettext("Members of %(groups)s"), values);
  return fill(gettext("%(name)s and whom they chose"), values);
}

/** An icon for it: a lock, some people, the world. */
export function audience(collection) {
  if (collection.is_open) return "web";
  const others = collection.groups.length + collection.users.length;
  return collection.can_change && !others ? "lock" : "people";
}

export const documents = (count) =>
  count
    ? fill(ngettext("%(count)s document", "%(count)s documents", count), { count })
    : gettext("No documents yet");

export const sharesAtAll = () =>
  boot.user.is_admin || ["people", "groups"].includes(boot.sharing);

/** Somebody's own documents are not shared as a whole; the default collection is open to all. */
export const canShare = (collection) =>
  collection.can_change && collection.kind === "shared" && sharesAtAll();
