/** Sources of a content security policy beside the app's own, by directive, such as `{ "img-src": ["https://images.example"] }`. */
export type PolicySources = Readonly<Record<string, readonly string[]>>;

export type ContentSecurityPolicyOptions = {
  /** Next gives it to each script that it writes into the page. Undefined: pages may be static, whose scripts can have none. */
  readonly nonce: string | undefined;
  readonly isDevelopment: boolean;
  readonly sources?: PolicySources | undefined;
};

/**
 * Next's own pages for errors (500) and for what is missing or not allowed (401, 403, 404) bring styles in elements that get no nonce.
 * These are their hashes.
 */
export const builtInStyles: readonly string[] = [
  "'sha256-Wwucq8eX2r0YFymkQhDXm5hN0+FfSvI3s4JSSaqa4iw='",
  "'sha256-Z5XTK23DFuEMs0PwnyZDO9SWxemQ5HxcpVaBNuUJyWY='",
];

/** Allows what a page of Next needs, and nothing else. */
export function contentSecurityPolicy({ nonce, isDevelopment, sources = {} }: ContentSecurityPolicyOptions): string {
  // What Next writes into a static page differs from page to page, and a browser that knows a nonce ignores 'unsafe-inline'.
  const scripts = nonce === undefined ? ["'unsafe-inline'"] : [`'nonce-${nonce}'`, "'strict-dynamic'"];
  const files = ["'self'", ...assetOrigin()];
  const directives: Record<string, readonly string[]> = {
    "default-src": files,
    // React's better stack traces in development are made with eval.
    "script-src": [...files, ...scripts, ...(isDevelopment ? ["'unsafe-eval'"] : [])],
    // Next's overlay in development brings its style in an element without a nonce.
    "style-src": [
      ...files,
      ...(isDevelopment || nonce === undefined ? ["'unsafe-inline'"] : [`'nonce-${nonce}'`, ...builtInStyles]),
    ],
    // `style={{ … }}` of React becomes an attribute in the HTML, which no nonce can be given to.
    "style-src-attr": ["'unsafe-inline'"],
    "img-src": [...files, "blob:", "data:"],
    "font-src": files,
    "connect-src": ["'self'", ...(isDevelopment ? ["ws:"] : [])],
    "worker-src": ["'self'"],
    "object-src": ["'none'"],
    "base-uri": ["'none'"],
    "form-action": ["'self'"],
    "frame-ancestors": ["'none'"],
  };
  for (const [name, given] of Object.entries(sources)) {
    const own = (directives[name] ?? ["'self'"]).filter((source) => source !== "'none'");
    directives[name] = [...own, ...given];
  }
  return Object.entries(directives)
    .map(([name, allowed]) => `${name} ${allowed.join(" ")}`)
    .join("; ");
}

/** Where the files of the build are, as `assetPrefix` of `next.config.ts` says; none where that is this app. */
function assetOrigin(): string[] {
  // Next writes it into what it builds.
  const prefix = process.env.__NEXT_ASSET_PREFIX ?? "";
  return URL.canParse(prefix) ? [new URL(prefix).origin] : [];
}

/** What is the same for every page. */
export const securityHeaders: Readonly<Record<string, string>> = {
  "x-content-type-options": "nosniff",
  // For browsers that do not know frame-ancestors.
  "x-frame-options": "DENY",
  "referrer-policy": "strict-origin-when-cross-origin",
  "permissions-policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
};
