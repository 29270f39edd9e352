/** Where something listens, as the banner and `status` show it: `127.0.0.1:25`, `[::1]:25`, `unix:/run/pennypost/lmtp`. */

type Place = { readonly host: string; readonly port: number } | { readonly path: string };

export function placeOf(place: Place): string {
  if ('path' in place) return `unix:${place.path}`;
  const { host, port } = place;
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
