// The same in words: what happened in the range that is shown, newest first.
import { useEffect, useRef, useState } from "preact/hooks";
import type { Controller } from "./controller";
import { Clock, count, parseTime, plain } from "./format";
import { selectorOf, type Lane } from "./lanes";
import { KIND_NAMES, type Kind } from "./marks";
import type { EventRow } from "./types";

const ROWS = 200;
const QUIET_MS = 200;
const LATE_MS = 1000;

// The container that the list is about: the one that is selected, or that the keyboard is on.
export function chosenLane(controller: Controller): Lane | null {
  const s = controller.selection;
  return s?.type === "container" ? controller.lanes.byKey.get(s.key) ?? null : null;
}

function useEvents(controller: Controller, version: number): { rows: EventRow[] | null; more: boolean; error: string } {
  const [state, setState] = useState({ rows: null as EventRow[] | null, more: false, error: "" });
  const lane = chosenLane(controller);
  const loaded = useRef(0); // when it was loaded last: what changes all the time must not put it off for ever
  useEffect(() => {
    let timer = 0;
    let wanted = true;
    const load = (): void => {
      const { from, to } = controller.view;
      if (from === 0) return;
      loaded.current = performance.now();
      controller.source.events({
        since: from, until: to, container: lane ? selectorOf(lane) : undefined,
        kinds: controller.shownKinds(), q: controller.q, limit: ROWS,
      }).then(
        (page) => wanted && setState({ rows: page.events, more: page.next !== null, error: "" }),
        (error: Error) => wanted && setState({ rows: [], more: false, error: error.message }));
    };
    const soon = (): void => {
      window.clearTimeout(timer);
      timer = window.setTimeout(load, performance.now() - loaded.current > LATE_MS ? 0 : QUIET_MS);
    };
    soon();
    const off = controller.onView(soon);
    return () => {
      wanted = false;
      off();
      window.clearTimeout(timer);
    };
  }, [controller, version, lane?.key]);
  return state;
}

export function EventLine({ event, controller, short }: { event: EventRow; controller: Controller; short?: boolean }) {
  const chosen = controller.selection?.type === "event" && controller.selection.id === event.id;
  const clock = new Clock(controller.utc);
  const from = event.entered_from;
  return (
    <button class={`event ${event.view.weight} ${chosen ? "chosen" : ""} ${short ? "short" : ""}`} data-event={event.id}
      onClick={() => {
        controller.reveal(parseTime(event.time));
        controller.select({ type: "event", id: event.id });
      }}>
      <time>{clock.time(parseTime(event.time))}</time>
      {!short && <b><bdi>{event.container ? plain(event.container.name) : "host"}</bdi></b>}
      <span class="kind">{KIND_NAMES[event.kind as Kind] ?? plain(event.kind)}</span>
      {!short && <code>{plain(event.view.namespace)}</code>}
      <span class="text"><bdi>{plain(event.view.summary)}</bdi>{from ? <i> entered from <bdi>{plain(from.name)}</bdi></i> : null}</span>
    </button>
  );
}

export function EventList({ controller, version }: { controller: Controller; version: number }) {
  const { rows, more, error } = useEvents(controller, version);
  const lane = chosenLane(controller);
  return (
    <section class="list" aria-label="Events in the range that is shown">
      <h2>
        {lane ? <>What happened to <bdi>{lane.name}</bdi></> : "What happened"}
        <small>{rows === null ? "loading" : more ? `the newest ${ROWS} of the range` : `${count(rows.length)} in the range`}{controller.searching ? " · searching" : ""}</small>
        {lane && <button class="plain" onClick={() => controller.select(null)}>all containers</button>}
      </h2>
      <div class="lines">
        {error && <p class="nothing">{plain(error)}</p>}
        {!error && rows?.length === 0 && <p class="nothing">No events in this range.</p>}
        {rows?.map((event) => <EventLine key={event.id} event={event} controller={controller} />)}
      </div>
    </section>
  );
}
