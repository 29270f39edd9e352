/** What kept the server from starting, as one sentence for people. */
export class StartError extends Error {}
