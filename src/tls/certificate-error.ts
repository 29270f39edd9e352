/** Files that no TLS is possible with: one sentence each, which names the fix. */
export class CertificateError extends Error {
  readonly sentences: readonly string[];

  constructor(sentences: readonly string[]) {
    super(sentences.join('\n'));
    this.name = 'CertificateError';
    this.sentences = sentences;
  }
}
