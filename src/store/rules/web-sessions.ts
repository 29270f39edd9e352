/** How many people may be logged in by HTTP to one account. */
export const WEB_SESSIONS_LIMIT = 50;
