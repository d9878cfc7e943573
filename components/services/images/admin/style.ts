/** The one style sheet. */
export const style = `
:root {
  color-scheme: light dark;
  --back: #f6f7f9;
  --card: #ffffff;
  --text: #1b1f24;
  --faint: #59636e;
  --line: #d8dee4;
  --link: #0a58ca;
  --good: #116329;
  --good-back: #dafbe1;
  --bad: #a40e26;
  --bad-back: #ffe3e3;
  --plain-back: #e9edf1;
}
@media (prefers-color-scheme: dark) {
  :root {
    --back: #0e1116;
    --card: #161b22;
    --text: #e6edf3;
    --faint: #9aa5b1;
    --line: #2d333b;
    --link: #79b8ff;
    --good: #7ee2a0;
    --good-back: #12351f;
    --bad: #ffa8a8;
    --bad-back: #4a1d1f;
    --plain-back: #262c34;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0;
  background: var(--back);
  color: var(--text);
  font: 15px/1.5 system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif;
}
a { color: var(--link); }
a:focus-visible, button:focus-visible, input:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
.skip { position: absolute; left: -999px; }
.skip:focus { left: 1rem; top: .5rem; background: var(--card); padding: .25rem .5rem; }
header {
  display: flex;
  flex-wrap: wrap;
  align-items: baseline;
  gap: .25rem 1.5rem;
  padding: .75rem 1.5rem;
  background: var(--card);
  border-bottom: 1px solid var(--line);
}
.brand { font-weight: 700; font-size: 1.15rem; color: var(--text); text-decoration: none; }
header nav { display: flex; flex-wrap: wrap; gap: .25rem .25rem; }
header nav a { padding: .25rem .6rem; border-radius: 6px; text-decoration: none; }
header nav a:hover { background: var(--plain-back); }
header nav a[aria-current] { background: var(--plain-back); color: var(--text); font-weight: 600; }
main { max-width: 84rem; margin: 0 auto; padding: 1rem 1.5rem 2rem; }
h1 { font-size: 1.5rem; margin: .5rem 0 1rem; overflow-wrap: anywhere; }
h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
footer { max-width: 84rem; margin: 0 auto; padding: 0 1.5rem 2rem; color: var(--faint); font-size: .875rem; }
small, .note { color: var(--faint); }
.note { max-width: 60rem; margin-top: 0; }
bdi { overflow-wrap: anywhere; }
code { font: .875em/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; overflow-wrap: anywhere; }
table { width: 100%; border-collapse: collapse; background: var(--card); border: 1px solid var(--line); border-radius: 8px; }
th, td { padding: .5rem .75rem; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); overflow-wrap: break-word; }
th { font-size: .8125rem; color: var(--faint); font-weight: 600; white-space: nowrap; }
td:first-child { font-weight: 600; }
tr:last-child td { border-bottom: 0; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
td[data-name='Service'], td[data-name='Status'], td[data-name='When (UTC)'], td[data-name='Since'], td[data-name='Ends'],
td[data-name='Tenant'], td[data-name='Row security'] { white-space: nowrap; }
td[data-name='Health'] small { white-space: nowrap; }
.badge { display: inline-block; padding: 0 .5rem; border-radius: 999px; font-size: .8125rem; font-weight: 600; white-space: nowrap; }
.good { color: var(--good); background: var(--good-back); }
.bad { color: var(--bad); background: var(--bad-back); }
.plain { color: var(--text); background: var(--plain-back); }
.empty, .problem { padding: 1rem; background: var(--card); border: 1px dashed var(--line); border-radius: 8px; color: var(--faint); }
.problem { color: var(--text); border-style: solid; }
.problem p { margin: .25rem 0; }
dl { display: flex; flex-wrap: wrap; gap: .75rem 2rem; margin: 0 0 1.25rem; }
dt { font-size: .8125rem; color: var(--faint); }
dd { margin: 0; overflow-wrap: anywhere; }
.search { display: flex; flex-wrap: wrap; gap: .5rem; align-items: center; margin-bottom: 1rem; }
.search label { color: var(--faint); }
input, button { font: inherit; color: inherit; padding: .3rem .6rem; border: 1px solid var(--line); border-radius: 6px; background: var(--card); }
input { flex: 0 1 20rem; min-width: 0; }
button { cursor: pointer; background: var(--plain-back); }
.pages { display: flex; flex-wrap: wrap; gap: .25rem 1.5rem; margin-top: .75rem; color: var(--faint); }
.tools { list-style: none; padding: 0; display: grid; gap: .75rem; grid-template-columns: repeat(auto-fill, minmax(min(18rem, 100%), 1fr)); }
.tools li { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: .75rem 1rem; }
.tools a { font-weight: 600; display: block; }
.tools span { color: var(--faint); }
@media (max-width: 50rem) {
  header, main, footer { padding-left: 1rem; padding-right: 1rem; }
  table, tbody, tr, td { display: block; }
  table { background: none; border: 0; }
  thead { position: absolute; left: -999px; }
  tr { background: var(--card); border: 1px solid var(--line); border-radius: 8px; margin-bottom: .75rem; padding: .5rem 0; }
  td, td.number { display: flex; gap: .75rem; padding: .2rem .75rem; border: 0; text-align: left; white-space: normal; }
  td::before { content: attr(data-name); flex: 0 0 7rem; color: var(--faint); font-weight: 400; font-size: .875rem; }
  td > span { min-width: 0; overflow-wrap: anywhere; }
  td:has(> span:empty) { display: none; }
}
`.trimStart();

/** What stands in the browser's tab: three layers. */
export const icon = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">
<path fill="#0a58ca" d="M16 3 30 10 16 17 2 10z"/>
<path fill="#4c8ae0" d="M5 15 16 20.5 27 15 30 16.5 16 23.5 2 16.5z"/>
<path fill="#9cc0f0" d="M5 21.5 16 27 27 21.5 30 23 16 30 2 23z"/>
</svg>
`;
