// Which key does what, and what the signs mean.
import type { Controller } from "./controller";
import { plain } from "./format";
import { KEYS } from "./keys";

export function Help({ controller, close }: { controller: Controller; close: () => void }) {
  return (
    <div class="help" role="dialog" aria-label="Help" onClick={close}>
      <div onClick={(event) => event.stopPropagation()}>
        <h2>Keys <button class="close" onClick={close} aria-label="Close">×</button></h2>
        <table><tbody>{KEYS.map(([key, what]) => <tr key={key}><th><kbd>{key}</kbd></th><td>{what}</td></tr>)}</tbody></table>
        <h2>Signs</h2>
        <ul class="signs">
          <li><i class="sign finding" />a finding: red is certain, orange likely</li>
          <li><i class="sign anomaly" />an anomaly, and what was seen then</li>
          <li><i class="sign baseline" />the look at the healthy container</li>
          <li><i class="sign hand" />a look that somebody asked for</li>
          <li><i class="sign bar" />events: the higher, the more of them; a line to the right is a run of equal ones</li>
        </ul>
        <p>Drag or Shift-wheel to pan, wheel or pinch to zoom, double click to zoom in.</p>
        {controller.source.live && <p><a href="metrics">metrics</a> · <a href="-/ready">ready</a> · nsobserver {plain(controller.status?.version ?? "")}</p>}
      </div>
    </div>
  );
}
