/** Characters that SQS takes: the Unicode ones of XML 1.0, those beyond U+FFFF included (SendMessage, MessageBody). */
const REFUSED = /[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/u;

/** Whether an imported module is the one in which fauxqs keeps its pattern of refused characters. */
export function isSqsTypesModule(module: unknown): module is { INVALID_MESSAGE_BODY_CHAR: RegExp } {
  return (
    typeof module === 'object' &&
    module !== null &&
    'INVALID_MESSAGE_BODY_CHAR' in module &&
    module.INVALID_MESSAGE_BODY_CHAR instanceof RegExp
  );
}

/** Make the emulator take characters beyond U+FFFF, such as emoji, as SQS does: it looks at UTF-16 halves. */
export function takeAllCharacters({
  INVALID_MESSAGE_BODY_CHAR,
}: {
  INVALID_MESSAGE_BODY_CHAR: RegExp;
}): void {
  INVALID_MESSAGE_BODY_CHAR.test = (text) => REFUSED.test(text);
}
