// Starts Swagger UI or ReDoc on their pages, in the colours of the page.

const root = document.documentElement;
const wanted = matchMedia("(prefers-color-scheme: dark)");
const isDark = () => root.dataset.theme === "dark" || (!root.dataset.theme && wanted.matches);
const cookie = (name) =>
  document.cookie.split("; ").find((part) => part.startsWith(`${name}=`))?.slice(name.length + 1);

const swagger = document.getElementById("swagger");
const redoc = document.getElementById("redoc");
if (swagger) startSwagger(swagger);
if (redoc) startRedoc(redoc);

function startSwagger(place) {
  const paint = () => root.classList.toggle("dark-mode", isDark());
  paint();
  wanted.addEventListener("change", paint);
  SwaggerUIBundle({
    domNode: place,
    url: place.dataset.schema,
    deepLinking: true,
    docExpansion: "none",
    filter: true,
    validatorUrl: null,
    persistAuthorization: false,
    // A session's cookie travels by itself; what changes something must prove where it comes from.
    requestInterceptor(request) {
      const proof = cookie("lontar_csrf");
      if (proof && new URL(request.url, location).origin === location.origin) {
        request.headers["X-CSRFToken"] = proof;
      }
      return request;
    },
  });
}

// ReDoc shows its maker's logo from its maker's server: nothing here is fetched from elsewhere.
function keepPicturesHere() {
  const source = Object.getOwnPropertyDescriptor(HTMLImageElement.prototype, "src");
  const isHere = (value) => new URL(value, location).origin === location.origin;
  Object.defineProperty(HTMLImageElement.prototype, "src", {
    ...source,
    set(value) {
      if (isHere(value)) source.set.call(this, value);
    },
  });
  const set = Element.prototype.setAttribute;
  HTMLImageElement.prototype.setAttribute = function setHere(name, value) {
    if (name !== "src" || isHere(value)) set.call(this, name, value);
  };
}

function startRedoc(place) {
  keepPicturesHere();
  const style = getComputedStyle(root);
  const colour = (name) => {
    const probe = document.createElement("i");
    probe.style.color = `var(${name})`;
    root.append(probe);
    const found = getComputedStyle(probe).color;
    probe.remove();
    return found;
  };
  const [ink, soft, paper, leaf, accent] =
    ["--ink", "--ink-soft", "--paper", "--leaf", "--accent"].map(colour);
  Redoc.init(
    place.dataset.schema,
    {
      hideDownloadButton: false,
      nativeScrollbars: true,
      theme: {
        colors: { primary: { main: accent }, text: { primary: ink, secondary: soft } },
        sidebar: { backgroundColor: leaf, textColor: ink },
        rightPanel: { backgroundColor: isDark() ? "rgb(13, 11, 8)" : "rgb(38, 31, 24)" },
        schema: { nestedBackground: leaf, typeNameColor: soft, typeTitleColor: soft },
        typography: {
          fontFamily: style.getPropertyValue("--sans"),
          headings: { fontFamily: style.getPropertyValue("--serif") },
          code: { fontFamily: style.getPropertyValue("--mono"), color: accent, backgroundColor: paper },
        },
      },
    },
    place,
  );
}
