/**
 * HTML that a stranger wrote, made safe to show: DOMPurify takes out what runs, what asks for a login and what leads elsewhere by itself;
 * nothing of another host is named any more unless it is asked for; and the document that remains says by its own policy that it may load
 * nothing. It is shown in a frame without scripts and without our origin (html-view.tsx), so that each of the three would be enough alone.
 */
import createPurifier, { type Config } from 'dompurify';

export interface SafeHtmlOptions {
  readonly showsRemote: boolean;
  /** What parts of the message itself are, by their Content-ID, as `data:` URLs. */
  readonly inline: ReadonlyMap<string, string>;
}

export interface SafeHtml {
  readonly document: string;
  /** Whether something of another host was left out. */
  readonly leftOut: boolean;
}

/** More than this makes a browser slow for a minute; its text can be read. */
export const HTML_LIMIT_CHARACTERS = 3_000_000;

const CONFIG: Config = {
  WHOLE_DOCUMENT: true,
  USE_PROFILES: { html: true },
  ADD_TAGS: ['center', 'font'],
  FORBID_TAGS: [
    ...[
      'form',
      'input',
      'button',
      'textarea',
      'select',
      'option',
      'optgroup',
      'datalist',
      'fieldset',
      'legend',
      'output',
    ],
    ...[
      'audio',
      'video',
      'source',
      'track',
      'picture',
      'map',
      'area',
      'dialog',
      'menu',
      'meta',
      'link',
      'base',
      'title',
    ],
  ],
  FORBID_ATTR: [
    'srcset',
    'ping',
    'poster',
    'usemap',
    'autofocus',
    'contenteditable',
    'tabindex',
    'id',
    'name',
    'target',
  ],
  ALLOW_DATA_ATTR: false,
  ALLOW_ARIA_ATTR: false,
  ALLOWED_URI_REGEXP: /^(?:https?:|mailto:|tel:|cid:|data:image\/(?:png|jpeg|gif|webp);base64,|\/\/)/i,
};
const OWN_ATTRIBUTES = ['src', 'background'] as const;
const REMOTE = /^(?:https?:)?\/\//i;
const REMOTE_IN_STYLE = /url\s*\(|image-set\s*\(|@import/i;

export function safeHtml(html: string, { showsRemote, inline }: SafeHtmlOptions): SafeHtml {
  let leftOut = false;
  const purifier = createPurifier(window);
  purifier.addHook('afterSanitizeAttributes', (element) => {
    if (element.hasAttribute('href')) leadElsewhere(element);
    for (const attribute of OWN_ATTRIBUTES)
      if (element.hasAttribute(attribute)) leftOut = !holdTo(element, attribute, { showsRemote, inline }) || leftOut;
    leftOut ||= !showsRemote && REMOTE_IN_STYLE.test(element.getAttribute('style') ?? '');
  });
  const clean = purifier.sanitize(html.slice(0, HTML_LIMIT_CHARACTERS), CONFIG);
  // The second <html> and <head> are nothing to a parser, so that ours stands first whatever the message made of its own.
  return { document: `<!doctype html><html><head>${head(showsRemote)}</head>${clean}`, leftOut };
}

/** What a URL names is a part of the message, stands in it, or is of another host; false where such a one was left out. */
function holdTo(element: Element, attribute: string, { showsRemote, inline }: SafeHtmlOptions): boolean {
  const url = element.getAttribute(attribute)?.trim() ?? '';
  const isRemote = REMOTE.test(url);
  const part = /^cid:/i.test(url) ? inline.get(contentId(url)) : undefined;
  if (part !== undefined) element.setAttribute(attribute, part);
  else if (isRemote ? !showsRemote : !url.startsWith('data:')) element.removeAttribute(attribute);
  return !isRemote || showsRemote;
}

/** In a tab of its own, which does not learn where it was opened. */
function leadElsewhere(element: Element): void {
  const url = element.getAttribute('href') ?? '';
  if (!/^(?:https?:|mailto:|tel:)/i.test(url) || element.tagName !== 'A') return element.removeAttribute('href');
  element.setAttribute('target', '_blank');
  element.setAttribute('rel', 'noopener noreferrer');
  element.setAttribute('title', url.slice(0, 300));
}

/** Loads nothing, or images alone; whatever the styles of the message say. */
function head(showsRemote: boolean): string {
  const policy = `default-src 'none'; style-src 'unsafe-inline'; img-src data:${showsRemote ? ' https: http:' : ''}; form-action 'none'; base-uri 'none'`;
  return (
    `<meta http-equiv="Content-Security-Policy" content="${policy}"><meta name="referrer" content="no-referrer"><meta name="color-scheme" content="light">` +
    '<style>html{background:#fff;color:#1c1b1a;font:15px/1.5 system-ui,sans-serif;overflow-wrap:anywhere}body{margin:16px}img{max-width:100%;height:auto}</style>'
  );
}

/** `cid:` names what stands between the angle brackets of Content-ID (RFC 2392). */
export function contentId(text: string): string {
  const bare = text.replace(/^cid:/i, '').replace(/^<|>$/g, '');
  try {
    return decodeURIComponent(bare);
  } catch {
    return bare;
  }
}
