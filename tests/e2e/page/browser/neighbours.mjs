// The kernel is shared: on a machine where other containers run and other observers look (as when tests
// run side by side), the daemon sees those, too. What they do is no part of the story.

const LOOKER = "nsobs-look";

function isStory(row, ids) {
  const container = row.container ?? row;
  if (!container || !ids.has(container.id)) return false;
  const entry = row.case === "ns-entry" || row.rule === "namespace_entry";
  return row.process?.comm !== LOOKER && !(entry && row.summary.includes(LOOKER));
}

async function withoutMarks(marks, url, refs) {
  const looks = new Set();
  const query = new URL(url);
  if (!query.searchParams.has("q")) {
    query.searchParams.set("q", LOOKER);
    for (const id of (await (await fetch(query)).json()).id ?? []) looks.add(id);
  }
  const kept = marks.id.map((id, i) => refs.has(marks.container[i]) && !looks.has(id));
  const columns = Object.entries(marks).map(([name, column]) =>
    [name, Array.isArray(column) && column.length === kept.length && !name.endsWith("kinds") ? column.filter((_, i) => kept[i]) : column]);
  return Object.fromEntries(columns);
}

// Answers of the API for `page`, with rows of the containers in `ids` only.
export async function leaveOut(page, ids) {
  const wanted = new Set(ids);
  const refs = new Set();
  await page.route("**/api/v1/*", async (route) => {
    const name = new URL(route.request().url()).pathname.split("/").pop();
    if (!["marks", "events", "findings", "snapshots", "containers"].includes(name)) return route.continue();
    const answer = await route.fetch();
    if (!answer.ok()) return route.fulfill({ response: answer });
    let body = await answer.json();
    if (name === "containers") for (const c of body.containers) if (wanted.has(c.id)) refs.add(c.ref);
    if (name === "marks") body = await withoutMarks(body, route.request().url(), refs);
    else body[name] = body[name].filter((row) => isStory(row, wanted));
    return route.fulfill({ response: answer, json: body });
  });
}
