/** Sources of a content security policy beside the app's own, by directive, such as `{ "img-src": ["https://images.example"] }`. */
export type PolicySources = Readonly<Record<string, readonly string[]>>;

export type ContentSecurityPolicyOptions = {
  /** Next gives it to each script that it writes into the page. */
  readonly nonce: string;
  readonly isDevelopment: boolean;
  readonly sources?: PolicySources | undefined;
};

/** Allows what a page of Next needs, and nothing else. */
export function contentSecurityPolicy({ nonce, isDevelopment, sources = {} }: ContentSecurityPolicyOptions): string {
  const directives: Record<string, readonly string[]> = {
    "default-src": ["'self'"],
    // React's better stack traces in development are made with eval.
    "script-src": ["'self'", `'nonce-${nonce}'`, "'strict-dynamic'", ...(isDevelopment ? ["'unsafe-eval'"] : [])],
    // Next's overlay in development brings its style in an element without a nonce.
    "style-src": ["'self'", isDevelopment ? "'unsafe-inline'" : `'nonce-${nonce}'`],
    // `style={{ … }}` of React becomes an attribute in the HTML, which no nonce can be given to.
    "style-src-attr": ["'unsafe-inline'"],
    "img-src": ["'self'", "blob:", "data:"],
    "font-src": ["'self'"],
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

/** What is the same for every page. */
export const securityHeaders: Readonly<Record<string, string>> = {
  "x-content-type-options": "nosniff",
  // For browsers that do not know frame-ancestors.
  "x-frame-options": "DENY",
  "referrer-policy": "strict-origin-when-cross-origin",
  "permissions-policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
};
