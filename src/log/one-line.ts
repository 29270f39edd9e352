/**
 * Whatever a client sends, a line of the log stays one line, for every program that reads it, and moves no cursor.
 * JSON escapes what is below the space by itself; the rest of what some reader takes for the end of a line, or that
 * would turn the direction of the text around, is here.
 */

/** DEL, the C1 controls with NEL and CSI, LINE and PARAGRAPH SEPARATOR, and the marks that change direction. */
const UNSAFE = /[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;
// eslint-disable-next-line no-control-regex -- exactly what could forge a line
const CONTROL = /[\x00-\x1f]/g;

/** Of a line of JSON, in which such a character can only be within a string. `slashes` is how the escape begins. */
export function escapeJson(line: string, slashes = '\\'): string {
  return line.replace(UNSAFE, (found) => `${slashes}u${found.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** Of plain text. */
export function maskControls(text: string): string {
  return text.replace(CONTROL, '?').replace(UNSAFE, '?');
}
