// node walk.mjs NAME FACTS: walks one question on a page that a real daemon serves. FACTS is JSON:
// {"url", "names": {part: container's name}, "shots": folder for screenshots, ...}.
import * as export_walks from "./walks_export.mjs";
import * as measured from "./walks_measured.mjs";
import * as questions from "./walks_questions.mjs";
import * as tools from "./walks_tools.mjs";

const walks = { ...questions, ...tools, ...export_walks, ...measured };
const [name, facts] = process.argv.slice(2);
if (name === "--list") {
  console.log(Object.keys(walks).join("\n"));
} else {
  await walks[name](JSON.parse(facts));
}
