/** The section of a changelog, in the form of Keep a Changelog, that belongs to a tag. */

export type ReleaseNotes = { readonly notes: string } | { readonly wrong: string };

const TAG = /^v(\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?)$/;

/** `version` is that of package.json. */
export function releaseNotes(tag: string, version: string, changelog: string): ReleaseNotes {
  const [, tagged] = TAG.exec(tag) ?? [];
  if (tagged === undefined) return { wrong: `'${tag}' is no tag of a release: it has the form v1.2.3` };
  if (tagged !== version)
    return {
      wrong: `package.json says version ${version}, the tag ${tagged}: run 'npm version ${tagged} --no-git-tag-version'`,
    };
  const sections = changelog.split(/^(?=## \[)/m);
  const section = sections.find((each) => each.startsWith(`## [${version}]`));
  if (section === undefined) return { wrong: `CHANGELOG.md has no section '## [${version}] - YYYY-MM-DD'` };
  const [heading = '', ...lines] = section.split('\n');
  if (!/ - \d{4}-\d{2}-\d{2}$/.test(heading))
    return { wrong: `'${heading}' in CHANGELOG.md has no date: '## [${version}] - YYYY-MM-DD'` };
  const notes = lines.join('\n').trim();
  return notes === '' ? { wrong: `The section of ${version} in CHANGELOG.md is empty` } : { notes: `${notes}\n` };
}
