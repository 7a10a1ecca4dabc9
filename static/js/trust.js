// The page's only Trusted Types policy. Nothing but this file may turn a string into something
// the browser runs: HTML only on its way through DOMPurify, scripts only our own PDF worker.

const WORKER = new URL("../vendor/pdfjs-dist-6.5.438/pdf.worker.min.mjs", import.meta.url).href;

const rules = {
  // DOMPurify hands every string here before it parses it into an inert document.
  createHTML: (dirty) => dirty,
  createScriptURL: (url) => {
    if (url !== WORKER) throw new TypeError("This script is not allowed.");
    return url;
  },
};
const policy = globalThis.trustedTypes?.createPolicy("lontar", rules) ?? rules;

/** Only for DOMPurify's own configuration. */
export const sanitiserPolicy = globalThis.trustedTypes ? policy : undefined;
export const pdfWorkerUrl = () => policy.createScriptURL(WORKER);
