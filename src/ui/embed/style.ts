/** How the component looks: a sheet that the shadow tree adopts, so that the page's policy needs no inline styles. */

const CSS = `
:host {
  display: block;
  container-type: inline-size;
  font: var(--tenantry-font, inherit);
  color: var(--tenantry-text, light-dark(#1a1f27, #e7ebf1));
  --line: var(--tenantry-line, light-dark(#d5dae2, #353d49));
  --quiet: var(--tenantry-quiet, light-dark(#565f6d, #a4aebc));
  --accent: var(--tenantry-accent, light-dark(#2450c4, #8fb0ff));
  --on-accent: var(--tenantry-on-accent, light-dark(#ffffff, #0d1320));
  --background: var(--tenantry-background, light-dark(#ffffff, #1c2129));
  --good: var(--tenantry-good, light-dark(#13703a, #6cd596));
  --bad: var(--tenantry-bad, light-dark(#b3261e, #ff9a91));
  --round: var(--tenantry-radius, 8px);
}
:host([hidden]) { display: none; }
* { box-sizing: border-box; }
ul { list-style: none; margin: 0; padding: 0; display: grid; gap: .5rem; }
li, .note {
  background: var(--background);
  border: 1px solid var(--line);
  border-radius: var(--round);
  padding: .7rem .9rem;
}
.row { display: flex; flex-wrap: wrap; align-items: center; gap: .4rem .9rem; }
.words { flex: 1 1 10rem; min-width: 0; overflow-wrap: anywhere; }
.name { font-weight: 600; display: block; }
.status { color: var(--quiet); font-size: .9em; }
[data-state=connected] .status { color: var(--good); }
[data-state=again] .status { color: var(--bad); }
.actions { display: flex; flex-wrap: wrap; gap: .5rem; }
button, .link {
  font: inherit;
  color: inherit;
  background: var(--background);
  border: 1px solid var(--line);
  border-radius: calc(var(--round) * .75);
  padding: .35rem .9rem;
  min-height: 2.2rem;
  cursor: pointer;
}
.link { display: inline-block; text-decoration: none; }
.primary { color: var(--on-accent); background: var(--accent); border-color: var(--accent); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.message { margin: .5rem 0 0; font-size: .95em; overflow-wrap: anywhere; }
.message:empty { display: none; }
.message[data-kind=bad] { border-inline-start: 3px solid var(--bad); padding-inline-start: .6rem; }
@container (max-width: 20rem) { .actions, .actions > * { width: 100%; text-align: center; } }
`;

let sheet: CSSStyleSheet | undefined;

/** One sheet for all components of the page. */
export function styleSheet(): CSSStyleSheet {
  if (sheet === undefined) {
    sheet = new CSSStyleSheet();
    sheet.replaceSync(CSS);
  }
  return sheet;
}
