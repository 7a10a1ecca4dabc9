// What an empty chat offers, asked for anew: a file was read, or an assistant was chosen.

import { $, api, h, icon, inSeries } from "./lib.js";

const begun = inSeries();

/** Shows the questions of what an assistant ("" for none) searches; throws an ApiError. */
export async function offer(assistantId) {
  const isLast = begun();
  const asked = assistantId ? `?${new URLSearchParams({ assistant_id: assistantId })}` : "";
  const { questions } = await api(`chat/questions${asked}`);
  if (!isLast()) return;
  const nothingYet = !questions.length && !assistantId;
  $("welcome-new").hidden = !nothingYet;
  $("welcome-back").hidden = nothingYet;
  $("suggestions").replaceChildren(...questions.map((one) => h("li", {}, suggestion(one))));
}

const suggestion = ({ text, document }) =>
  h(
    "button",
    { type: "button", className: "suggestion", "data-ask": text },
    icon("ask"),
    h(
      "span",
      {},
      h("span", { dir: "auto" }, text),
      document ? h("span", { className: "quiet", dir: "auto" }, document) : null,
    ),
  );
