//! How often a person may ask for what costs much or carries data away. Counted by this console
//! in memory, by person and by what is asked for; knows no pages and no sessions.

use std::collections::HashMap;
use std::time::Duration;

use axum::http::Method;
use parking_lot::Mutex;
use tokio::time::Instant;

use crate::config::Often as Limits;

const MINUTE: Duration = Duration::from_secs(60);

/// What is counted apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cost {
    /// Nothing: a live connection, which has places of its own.
    Free,
    /// A page, or a form that is not one of requests.
    Page,
    /// A search over everything.
    Search,
    /// A file of a list.
    Export,
    /// A form of a request: its preview, which asks the backend, and what is sent or decided.
    Request,
}

impl Cost {
    /// What a route costs whoever asks for it.
    pub fn of(method: &Method, path: &str) -> Cost {
        let sends = *method == Method::POST;
        match path {
            _ if path.ends_with("/live") => Cost::Free,
            _ if path.ends_with("/csv") || path.ends_with("/jsonl") => Cost::Export,
            "/search" => Cost::Search,
            "/requests/new" => Cost::Request,
            _ if sends && path.starts_with("/requests") => Cost::Request,
            _ => Cost::Page,
        }
    }

    /// Its name in metrics and logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Cost::Free => "free",
            Cost::Page => "page",
            Cost::Search => "search",
            Cost::Export => "export",
            Cost::Request => "request",
        }
    }
}

/// Counts, for all people.
pub struct Often {
    limits: Limits,
    /// Until when what a person asked for so far is paid for, at one minute's number a minute.
    /// No more than people times kinds.
    paid: Mutex<HashMap<(i32, Cost), Instant>>,
}

impl Often {
    /// With nothing counted yet.
    pub fn new(limits: Limits) -> Often {
        Often { limits, paid: Mutex::default() }
    }

    /// How often a minute; `None`: as often as one likes.
    fn a_minute(&self, cost: Cost) -> Option<u32> {
        match cost {
            Cost::Free => None,
            Cost::Page => Some(self.limits.pages),
            Cost::Search => Some(self.limits.searches),
            Cost::Export => Some(self.limits.exports),
            Cost::Request => Some(self.limits.requests),
        }
    }

    /// Lets a person through and counts it. A minute's number goes through at once; from then on
    /// one comes free after the other.
    ///
    /// # Errors
    /// How long the person has to wait; nothing is counted then.
    pub fn admit(&self, person: i32, cost: Cost, now: Instant) -> Result<(), Duration> {
        let Some(number) = self.a_minute(cost) else { return Ok(()) };
        let mut all = self.paid.lock();
        let paid = all.entry((person, cost)).or_insert(now);
        let then = (*paid).max(now) + MINUTE / number;
        let early = then.saturating_duration_since(now + MINUTE);
        if early.is_zero() {
            *paid = then;
            return Ok(());
        }
        Err(early)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn a_minutes_number_goes_through_at_once_and_then_one_by_one() {
        let limits = Limits { exports: 3, searches: 60, ..Config::default().often };
        let (often, begun) = (Often::new(limits), Instant::now());
        let ask = |person, cost, after| {
            often.admit(person, cost, begun + Duration::from_secs(after)).map_err(|e| e.as_secs())
        };
        for _ in 0..3 {
            assert_eq!(ask(1, Cost::Export, 0), Ok(()));
        }
        assert_eq!(ask(1, Cost::Export, 0), Err(20));
        assert_eq!(ask(1, Cost::Export, 5), Err(15), "asking does not make it longer");
        assert_eq!(ask(2, Cost::Export, 5), Ok(()), "another person");
        assert_eq!(ask(1, Cost::Search, 5), Ok(()), "something else");
        assert_eq!(ask(1, Cost::Export, 20), Ok(()));
        assert_eq!(ask(1, Cost::Export, 20), Err(20));
        for _ in 0..3 {
            assert_eq!(ask(1, Cost::Export, 500), Ok(()), "all is free again");
        }
        assert_eq!(ask(1, Cost::Export, 500), Err(20), "and no more than that");
        for _ in 0..10_000 {
            assert_eq!(ask(1, Cost::Free, 0), Ok(()));
        }
    }

    #[test]
    fn every_file_is_an_export_and_every_sent_request_a_request() {
        for route in crate::router::routes() {
            let cost = Cost::of(&route.method, route.path);
            let file = format!("{:?}", route.need).contains("Export");
            assert!(!file || cost == Cost::Export, "{}", route.path);
            let asks = route.path.starts_with("/requests") && route.method == Method::POST;
            assert!(!asks || cost == Cost::Request, "{}", route.path);
        }
        assert_eq!(Cost::of(&Method::GET, "/audit/jsonl"), Cost::Export);
        assert_eq!(Cost::of(&Method::GET, "/search"), Cost::Search);
        assert_eq!(Cost::of(&Method::GET, "/requests/badge/live"), Cost::Free);
        assert_eq!(Cost::of(&Method::GET, "/accounts/{code}"), Cost::Page);
    }
}
