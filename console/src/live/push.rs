//! Pushing to one browser: named fragments, each sent when it changed, at most once per
//! interval, and the live mark at least every two seconds. Between two sends only the newest
//! state counts. The connection ends with the session, with a change of what its person may see
//! (the browser opens another, which knows it), with the console, and when the browser stops
//! reading.

use std::collections::HashMap;
use std::convert::Infallible;
use std::time::Duration;

use axum::http::HeaderMap;
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_stream::wrappers::ReceiverStream;

use super::State;
use super::told::of_person;
use crate::app::App;
use crate::authz::{Need, meets};
use crate::error::Failure;
use crate::metrics::METRICS;
use crate::session;
use crate::view::View;

/// Fragments to push: event name and HTML.
pub type Pushed = Vec<(&'static str, String)>;

/// The mark is sent at least this often; pages call themselves stale a few beats later.
const BEAT: Duration = Duration::from_secs(2);
/// Fragments that are sent at every beat, changed or not: a page tells silence by them.
const BEATS: [&str; 2] = ["mark", "badge"];
/// A browser that takes nothing for so long has gone.
const PATIENCE: Duration = Duration::from_secs(30);
/// Answers with a live connection that pushes what `render` makes of the newest state.
///
/// # Errors
/// `Busy` when as many browsers as allowed are connected.
pub fn push<T, R>(
    app: &App,
    headers: HeaderMap,
    view: View,
    need: Need,
    subject: watch::Receiver<State<T>>,
    render: R,
) -> Result<Response, Failure>
where
    T: Send + Sync + 'static,
    R: FnMut(&View, &State<T>) -> Result<Pushed, Failure> + Send + 'static,
{
    let place = app.streams.clone().try_acquire_owned().map_err(|_| Failure::Busy)?;
    // Two events may wait; the rest is decided when the browser is ready.
    let (sender, receiver) = mpsc::channel::<Result<Event, Infallible>>(2);
    let app = app.clone();
    tokio::spawn(async move {
        METRICS.streams.inc();
        run(&app, &headers, view, need, subject, render, sender).await;
        METRICS.streams.dec();
        drop(place);
    });
    // Proxies must not hold events back.
    Ok(([("x-accel-buffering", "no")], Sse::new(ReceiverStream::new(receiver))).into_response())
}

/// What became of a connection's person.
enum Standing {
    /// They may see the same.
    Same,
    /// They may see something else.
    Changed,
    /// They are not signed in any more, or may not see this.
    Over,
}

/// Looks at the session behind a connection again. A database that is away ends nobody's.
async fn standing(app: &App, headers: &HeaderMap, view: &View, need: Need) -> Standing {
    let Ok(now) = session::view(app, headers, &view.path, false).await else {
        return Standing::Same;
    };
    let rights = |view: &View| {
        let person = view.person.as_ref();
        person.map(|person| (person.staff_id, person.roles.clone(), person.scope.clone()))
    };
    match meets(&now, need) {
        false => Standing::Over,
        true if rights(&now) == rights(view) => Standing::Same,
        true => Standing::Changed,
    }
}

async fn run<T, R>(
    app: &App,
    headers: &HeaderMap,
    mut view: View,
    need: Need,
    mut subject: watch::Receiver<State<T>>,
    mut render: R,
    sender: mpsc::Sender<Result<Event, Infallible>>,
) where
    T: Send + Sync,
    R: FnMut(&View, &State<T>) -> Result<Pushed, Failure> + Send,
{
    let interval = Duration::from_millis(app.config.live.interval_ms);
    let period = Duration::from_secs(app.config.live.session_seconds);
    let person = view.person.as_ref().map(|person| person.staff_id).unwrap_or_default();
    let (mut stopping, mut people) = (app.stopping.clone(), app.hub.people());
    let mut sent: HashMap<&'static str, String> = HashMap::new();
    // At once: what changed since the guard looked was told to nobody.
    let (mut last_beat, mut check_at) = (None::<Instant>, Instant::now());
    loop {
        let began = Instant::now();
        if check_at <= began {
            check_at = began + period;
            match standing(app, headers, &view, need).await {
                Standing::Same => {}
                Standing::Changed => return,
                Standing::Over => {
                    let expired = Event::default().event("expired").data("-");
                    let _ = timeout(PATIENCE, sender.send(Ok(expired))).await;
                    return;
                }
            }
        }
        view.now = crate::clock::now();
        let state = subject.borrow_and_update().clone();
        let fragments = match render(&view, &state) {
            Ok(fragments) => fragments,
            Err(failure) => {
                tracing::error!(event = "console.push_failed", path = %view.path, error = %failure,
                    "a live page ends");
                return;
            }
        };
        let beat = last_beat.is_none_or(|at| at.elapsed() >= BEAT);
        if beat {
            last_beat = Some(began);
        }
        for (name, html) in fragments {
            if sent.get(name).is_some_and(|before| *before == html)
                && !(beat && BEATS.contains(&name))
            {
                continue;
            }
            let event = Event::default().event(name).data(html.replace('\r', ""));
            if !matches!(timeout(PATIENCE, sender.send(Ok(event))).await, Ok(Ok(()))) {
                return;
            }
            METRICS.pushed.inc();
            sent.insert(name, html);
        }
        tokio::select! {
            changed = subject.changed() => if changed.is_err() { return },
            () = sleep_until(began + BEAT) => {}
            () = of_person(&mut people, person) => check_at = Instant::now(),
            () = sender.closed() => return,
            _ = stopping.wait_for(|stop| *stop) => return,
        }
        sleep_until(began + interval).await;
    }
}
