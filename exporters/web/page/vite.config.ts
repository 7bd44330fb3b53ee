// One file comes out: script and style stand in the page, and the policy names both by their hashes,
// so that nothing else can run in it, wherever it is opened.
import { createHash } from "node:crypto";
import { defineConfig, type Plugin } from "vite";

function sourceOf(text: string): string {
  return `'sha256-${createHash("sha256").update(text, "utf8").digest("base64")}'`;
}

function policyOf(script: string, style: string): string {
  return [
    "default-src 'none'",
    `script-src ${sourceOf(script)}`,
    `style-src ${sourceOf(style)}`,
    "connect-src 'self'",
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
}

function oneFile(): Plugin {
  return {
    name: "one-file",
    enforce: "post",
    generateBundle(_, bundle) {
      let script = "";
      let style = "";
      for (const [name, part] of Object.entries(bundle)) {
        if (part.type === "chunk") script += part.code;
        if (part.type === "asset" && name.endsWith(".css")) style += String(part.source);
        if (name !== "index.html") delete bundle[name];
      }
      script = script.replaceAll("</script", "<\\/script").replaceAll("<!--", "<\\!--");
      const page = bundle["index.html"];
      if (page?.type !== "asset") throw new Error("no index.html");
      const policy = policyOf(script, style);
      page.source = String(page.source)
        .replace(/\s*<script type="module"[^>]*><\/script>/, "")
        .replace(/\s*<link rel="stylesheet"[^>]*>/, "")
        .replace("<!--policy-->", () => `<meta http-equiv="Content-Security-Policy" content="${policy}">`)
        .replace("<!--style-->", () => `<style>${style}</style>`)
        .replace("<!--script-->", () => `<script type="module">${script}</script>`);
      // What a meta element may not say.
      this.emitFile({
        type: "asset",
        fileName: "policy.txt",
        source: `${policy}; frame-ancestors 'none'`,
      });
    },
  };
}

export default defineConfig({
  esbuild: { jsx: "automatic", jsxImportSource: "preact", legalComments: "none" },
  build: { target: "es2022", cssCodeSplit: false, modulePreload: false, assetsInlineLimit: 0 },
  plugins: [oneFile()],
});
