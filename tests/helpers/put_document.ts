/**
 * A function of a page that puts another document of the same site in place of its own: all but the head's links and
 * scripts. That takes a fraction of the time of a navigation. A string because the server's TypeScript program has no
 * DOM types.
 */
export const PUT_DOCUMENT = `((document, html) => {
  const parsed = new DOMParser().parseFromString(html, 'text/html');
  for (const [to, from] of [[document.documentElement, parsed.documentElement], [document.body, parsed.body]]) {
    for (const { name } of [...to.attributes]) to.removeAttribute(name);
    for (const { name, value } of from.attributes) to.setAttribute(name, value);
  }
  document.title = parsed.title;
  // Unlike elements of the other document, these are parsed as in a page with scripts (noscript).
  document.body.innerHTML = /<body[^>]*>([^]*)<\\/body>/.exec(html)[1];
})`;

/** A function like `PUT_DOCUMENT` that also runs the scripts of the document's body, once for each `version`. */
export const PUT_AND_RUN = `(async (document, html, version) => {
  ${PUT_DOCUMENT}(document, html);
  await Promise.all([...document.body.querySelectorAll('script[src]')].map((old) => new Promise((loaded, failed) => {
    const script = document.createElement('script');
    script.type = old.type;
    // A browser runs a module of one URL once.
    script.src = old.getAttribute('src') + '?' + version;
    script.onload = loaded;
    script.onerror = failed;
    old.replaceWith(script);
  })));
})`;
