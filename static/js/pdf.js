// pdf.js, reduced to what a citation needs: one page as a picture with selectable words.

import {
  getDocument,
  GlobalWorkerOptions,
  TextLayer,
} from "../vendor/pdfjs-dist-6.5.438/pdf.min.mjs";
import { pdfWorkerUrl } from "./trust.js";

const HOME = new URL("../vendor/pdfjs-dist-6.5.438/", import.meta.url).href;
const MOST_PIXELS = 12e6;

GlobalWorkerOptions.workerPort = new Worker(pdfWorkerUrl(), { type: "module" });

/** Reads only the parts of the file it shows: the server answers byte ranges. */
export function openPdf(url) {
  const task = getDocument({
    url,
    rangeChunkSize: 65536 * 2,
    disableAutoFetch: true,
    disableStream: true,
    isEvalSupported: false,
    enableXfa: false,
    cMapUrl: `${HOME}cmaps/`,
    cMapPacked: true,
    standardFontDataUrl: `${HOME}standard_fonts/`,
    iccUrl: `${HOME}iccs/`,
    wasmUrl: `${HOME}wasm/`,
  });
  return { task, ready: task.promise };
}

/** Draws a page `width` CSS pixels wide into `sheet`; gives {cancel, done}. */
export function drawPage(page, sheet, width) {
  const scale = width / page.getViewport({ scale: 1 }).width;
  const viewport = page.getViewport({ scale });
  const sharp = Math.min(
    devicePixelRatio || 1,
    2.5,
    Math.sqrt(MOST_PIXELS / (viewport.width * viewport.height)),
  );
  const canvas = document.createElement("canvas");
  canvas.width = Math.floor(viewport.width * sharp);
  canvas.height = Math.floor(viewport.height * sharp);
  canvas.setAttribute("aria-hidden", "true");
  const words = document.createElement("div");
  words.className = "textLayer";
  sheet.style.width = `${viewport.width}px`;
  sheet.style.height = `${viewport.height}px`;
  sheet.style.setProperty("--total-scale-factor", String(scale));
  const render = page.render({
    canvas,
    viewport,
    transform: sharp === 1 ? undefined : [sharp, 0, 0, sharp, 0, 0],
  });
  const layer = new TextLayer({
    textContentSource: page.streamTextContent(),
    container: words,
    viewport,
  });
  const done = (async () => {
    await render.promise;
    sheet.querySelector("canvas")?.remove();
    sheet.querySelector(".textLayer")?.remove();
    sheet.prepend(canvas, words);
    await layer.render();
  })();
  return {
    done,
    cancel() {
      render.cancel();
      layer.cancel();
    },
  };
}
