// Colours of code: highlight.js and one grammar, fetched when code in that language comes into view.

const LONGEST = 30000; // characters; longer code stays plain
const GRAMMARS = {
  bash: () => import("../vendor/highlight.js-11.12.0/languages/bash.min.js"),
  c: () => import("../vendor/highlight.js-11.12.0/languages/c.min.js"),
  cpp: () => import("../vendor/highlight.js-11.12.0/languages/cpp.min.js"),
  csharp: () => import("../vendor/highlight.js-11.12.0/languages/csharp.min.js"),
  css: () => import("../vendor/highlight.js-11.12.0/languages/css.min.js"),
  diff: () => import("../vendor/highlight.js-11.12.0/languages/diff.min.js"),
  go: () => import("../vendor/highlight.js-11.12.0/languages/go.min.js"),
  haskell: () => import("../vendor/highlight.js-11.12.0/languages/haskell.min.js"),
  java: () => import("../vendor/highlight.js-11.12.0/languages/java.min.js"),
  javascript: () => import("../vendor/highlight.js-11.12.0/languages/javascript.min.js"),
  json: () => import("../vendor/highlight.js-11.12.0/languages/json.min.js"),
  julia: () => import("../vendor/highlight.js-11.12.0/languages/julia.min.js"),
  kotlin: () => import("../vendor/highlight.js-11.12.0/languages/kotlin.min.js"),
  latex: () => import("../vendor/highlight.js-11.12.0/languages/latex.min.js"),
  matlab: () => import("../vendor/highlight.js-11.12.0/languages/matlab.min.js"),
  php: () => import("../vendor/highlight.js-11.12.0/languages/php.min.js"),
  python: () => import("../vendor/highlight.js-11.12.0/languages/python.min.js"),
  r: () => import("../vendor/highlight.js-11.12.0/languages/r.min.js"),
  ruby: () => import("../vendor/highlight.js-11.12.0/languages/ruby.min.js"),
  rust: () => import("../vendor/highlight.js-11.12.0/languages/rust.min.js"),
  scala: () => import("../vendor/highlight.js-11.12.0/languages/scala.min.js"),
  sql: () => import("../vendor/highlight.js-11.12.0/languages/sql.min.js"),
  swift: () => import("../vendor/highlight.js-11.12.0/languages/swift.min.js"),
  typescript: () => import("../vendor/highlight.js-11.12.0/languages/typescript.min.js"),
  xml: () => import("../vendor/highlight.js-11.12.0/languages/xml.min.js"),
  yaml: () => import("../vendor/highlight.js-11.12.0/languages/yaml.min.js"),
};
const OTHER_NAMES = {
  "c#": "csharp", "c++": "cpp", console: "bash", cs: "csharp", golang: "go", h: "c", hs: "haskell",
  html: "xml", jl: "julia", js: "javascript", jsx: "javascript", kt: "kotlin", octave: "matlab",
  patch: "diff", postgresql: "sql", py: "python", python3: "python", rb: "ruby", rs: "rust",
  sh: "bash", shell: "bash", svg: "xml", tex: "latex", ts: "typescript", tsx: "typescript",
  yml: "yaml", zsh: "bash",
}; // prettier-ignore
const SPOKEN = {
  cpp: "C++", csharp: "C#", css: "CSS", html: "HTML", javascript: "JavaScript", json: "JSON",
  latex: "LaTeX", matlab: "MATLAB", php: "PHP", sql: "SQL", svg: "SVG", typescript: "TypeScript",
  xml: "XML", yaml: "YAML",
}; // prettier-ignore
const PLAIN = ["text", "txt", "plaintext", "plain", "output"];

const written = (code) => code.className.replace(/^language-/, "").toLowerCase();
const language = (code) => OTHER_NAMES[written(code)] ?? written(code);

/** What the language of a block is called; "" where none is named. */
export function languageName(code) {
  const name = written(code);
  if (!name || PLAIN.includes(name)) return "";
  const known = language(code);
  const spoken = SPOKEN[name] ?? SPOKEN[known];
  if (spoken) return spoken;
  return known in GRAMMARS ? known[0].toUpperCase() + known.slice(1) : name;
}

let hljs;
const here = new Set(); // languages whose grammar is here

/** Builds spans instead of a string of HTML, which the page would have to parse again. */
class Spans {
  constructor() {
    this.root = document.createDocumentFragment();
    this.open = [this.root];
  }
  addText(text) {
    this.open.at(-1).append(text);
  }
  openNode(name) {
    const span = document.createElement("span");
    span.className = `hl-${name.split(".")[0]}`;
    this.open.at(-1).append(span);
    this.open.push(span);
  }
  closeNode() {
    if (this.open.length > 1) this.open.pop();
  }
  startScope(name) {
    this.openNode(name);
  }
  endScope() {
    this.closeNode();
  }
  __addSublanguage(other) {
    this.open.at(-1).append(other.root);
  }
  finalize() {
    this.open.length = 1;
  }
  toHTML() {
    return "";
  }
}

async function fetchGrammar(name) {
  const [core, grammar] = await Promise.all([
    import("../vendor/highlight.js-11.12.0/core.min.js"),
    GRAMMARS[name](),
  ]);
  hljs ??= core.default;
  hljs.configure({ __emitter: Spans });
  hljs.registerLanguage(name, grammar.default);
  here.add(name);
}

function paint(code) {
  const text = code.textContent;
  const { _emitter: spans } = hljs.highlight(text, { language: language(code), ignoreIllegals: true });
  if (spans.root.textContent === text) code.replaceChildren(spans.root);
}

const seen = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) {
      if (!isIntersecting) continue;
      seen.unobserve(target);
      fetchGrammar(language(target))
        .then(() => paint(target))
        .catch((error) => console.warn(error));
    }
  },
  { rootMargin: "200px" },
);

/** Colours a block at once when its grammar is here, else once it is looked at. */
export function colour(code) {
  const name = language(code);
  if (!(Object.hasOwn(GRAMMARS, name)) || code.textContent.length > LONGEST) return;
  if (here.has(name)) paint(code);
  else seen.observe(code);
}
