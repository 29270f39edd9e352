const LIMIT_CHARACTERS = 64;

/** Whether an app password may be named so: one line that people can type again. */
export function isCredentialName(text: string): boolean {
  return text !== '' && text.trim() === text && text.length <= LIMIT_CHARACTERS && !/[\p{C}\p{Zl}\p{Zp}]/u.test(text);
}
