// The page's root: a source, the controller, and what it looks like.
import { render } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import { Controller, MOST_MARKS } from "./controller";
import { Detail } from "./detail";
import { EventList } from "./event_list";
import { count } from "./format";
import { Filters, Header } from "./header";
import { Help } from "./help";
import { HttpSource } from "./http_source";
import { incidentInPage, IncidentSource } from "./incident_source";
import { onKey } from "./keys";
import { Overview } from "./overview";
import { Timeline } from "./timeline";
import { TroubleCards } from "./trouble_cards";
import { useController } from "./use";
import "./style.css";

const THEME = "nsobserver-theme";

function storedTheme(): boolean {
  try {
    const stored = localStorage.getItem(THEME);
    if (stored) return stored === "dark";
  } catch {
    // Without storage the system's choice is taken.
  }
  return !window.matchMedia("(prefers-color-scheme: light)").matches;
}

function useTheme(): [boolean, () => void] {
  const [dark, setDark] = useState(storedTheme);
  useEffect(() => {
    document.documentElement.dataset.theme = dark ? "dark" : "light";
  }, [dark]);
  const toggle = (): void => {
    setDark((before) => {
      try {
        localStorage.setItem(THEME, before ? "light" : "dark");
      } catch {
        // It is then for this page only.
      }
      return !before;
    });
  };
  return [dark, toggle];
}

function App({ controller, cuts }: { controller: Controller; cuts: string[] }) {
  const version = useController(controller);
  const [dark, toggleTheme] = useTheme();
  const [help, setHelp] = useState(false);
  const doors = useMemo(() => ({
    toggleTheme,
    toggleHelp: () => setHelp((open) => !open),
    closeHelp: () => {
      const open = document.querySelector(".help") !== null;
      setHelp(false);
      return open;
    },
  }), []);
  useEffect(() => {
    const listener = (event: KeyboardEvent): void => onKey(event, controller, doors);
    document.addEventListener("keydown", listener);
    return () => document.removeEventListener("keydown", listener);
  }, [controller]);
  const cut = controller.truncated ? [`only the newest ${count(MOST_MARKS)} events are drawn`] : [];
  const notes = [...cut, ...cuts.map((what) => `not all ${what} of the range are in this file`)];
  return (
    <div class={`app ${controller.selection ? "split" : ""}`} data-loaded={!controller.loading}>
      <Header controller={controller} dark={dark} toggleTheme={toggleTheme} showHelp={doors.toggleHelp} />
      {notes.map((note) => <p key={note} class="notice" role="status">{note}</p>)}
      <TroubleCards controller={controller} />
      <main>
        <Filters controller={controller} dark={dark} />
        <Overview controller={controller} dark={dark} version={version} />
        <Timeline controller={controller} dark={dark} version={version} />
        <EventList controller={controller} version={version} />
      </main>
      <Detail controller={controller} version={version} />
      {help && <Help controller={controller} close={() => setHelp(false)} />}
    </div>
  );
}

const incident = incidentInPage();
const controller = new Controller(incident ? new IncidentSource(incident) : new HttpSource());
render(<App controller={controller} cuts={incident?.truncated ?? []} />, document.getElementById("app")!);
void controller.start();
