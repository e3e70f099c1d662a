//! The blotter's filter as it stands in the address.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::guard::form_encode;
use crate::reads::orders::Wanted;
use crate::view::{View, zone};

/// States to choose from; `working` stands for all live ones.
pub(super) const STATUSES: [&str; 6] =
    ["open", "partially_filled", "filled", "cancelled", "expired", "rejected"];
const WORKING: &str = "working";

/// The filter; empty fields do not restrict.
#[derive(Clone, Debug, Default)]
#[allow(missing_docs)] // names of the form's fields
pub struct Filter {
    pub symbol: String,
    pub account: String,
    pub side: String,
    pub state: String,
    /// Local time as browsers write it, in `zone`.
    pub from: String,
    pub to: String,
    /// Zone of `from` and `to`; without it, the reader's.
    pub zone: String,
    pub client_order_id: String,
    pub order_id: String,
    pub before: String,
    /// What of the address is no part of a filter, as it stands there.
    pub stray: Option<String>,
}

/// What cannot be used.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Problem(pub String);

impl Filter {
    /// Reads an address's query. A name that is unknown or there twice is kept as `stray`:
    /// leaving out what a reader misspelt would show or export more than was asked for.
    pub(super) fn read(query: Option<&str>) -> Filter {
        let query = query.unwrap_or_default();
        let mut filter = Filter::default();
        let pairs: Vec<(String, String)> = match serde_html_form::from_str(query) {
            Ok(pairs) => pairs,
            Err(error) => return Filter { stray: Some(error.to_string()), ..filter },
        };
        let mut seen: Vec<&str> = Vec::new();
        for (name, value) in &pairs {
            let field = match name.as_str() {
                name if seen.contains(&name) => None,
                "symbol" => Some(&mut filter.symbol),
                "account" => Some(&mut filter.account),
                "side" => Some(&mut filter.side),
                "state" => Some(&mut filter.state),
                "from" => Some(&mut filter.from),
                "to" => Some(&mut filter.to),
                "zone" => Some(&mut filter.zone),
                "client_order_id" => Some(&mut filter.client_order_id),
                "order_id" => Some(&mut filter.order_id),
                "before" => Some(&mut filter.before),
                _ => None,
            };
            match field {
                Some(field) => value.clone_into(field),
                None => {
                    filter.stray = Some(format!("{name}={value}"));
                    break;
                }
            }
            seen.push(name);
        }
        filter
    }

    fn zone(&self, view: &View) -> TimeZone {
        zone(&self.zone).unwrap_or_else(|| view.zone.clone())
    }

    /// The last order of the page before.
    pub fn before(&self) -> Option<i64> {
        self.before.parse().ok()
    }

    /// What to ask the database for.
    pub(super) fn wanted(&self, view: &View) -> Result<Wanted, Problem> {
        let text = |value: &str| {
            let value = value.trim();
            (!value.is_empty()).then(|| value.to_owned())
        };
        if let Some(stray) = &self.stray {
            return Err(Problem(stray.clone()));
        }
        for (name, value) in [
            ("symbol", &self.symbol),
            ("account", &self.account),
            ("client_order_id", &self.client_order_id),
        ] {
            // NUL is the one character that a Postgres text cannot hold.
            if value.contains('\0') {
                return Err(Problem(format!("{name}={}", value.escape_debug())));
            }
        }
        let side = text(&self.side);
        if side.as_deref().is_some_and(|side| !matches!(side, "buy" | "sell")) {
            return Err(Problem(format!("side={}", self.side)));
        }
        let statuses = match text(&self.state).as_deref() {
            None => Vec::new(),
            Some(WORKING) => vec!["open".to_owned(), "partially_filled".to_owned()],
            Some(state) if STATUSES.contains(&state) => vec![state.to_owned()],
            Some(state) => return Err(Problem(format!("state={state}"))),
        };
        if !self.zone.is_empty() && zone(&self.zone).is_none() {
            return Err(Problem(format!("zone={}", self.zone)));
        }
        let order_id = match text(&self.order_id) {
            None => None,
            Some(id) => Some(id.parse().map_err(|_| Problem(format!("order_id={id}")))?),
        };
        if !self.before.is_empty() && self.before().is_none() {
            return Err(Problem(format!("before={}", self.before)));
        }
        Ok(Wanted {
            symbol: text(&self.symbol),
            account: text(&self.account),
            side,
            statuses,
            from: self.time(view, "from", &self.from)?,
            to: self.time(view, "to", &self.to)?,
            client_order_id: text(&self.client_order_id),
            order_id,
        })
    }

    fn time(&self, view: &View, name: &str, value: &str) -> Result<Option<Timestamp>, Problem> {
        if value.trim().is_empty() {
            return Ok(None);
        }
        let problem = || Problem(format!("{name}={value}"));
        let local: DateTime = value.trim().parse().map_err(|_| problem())?;
        let at = self.zone(view).to_timestamp(local).map_err(|_| problem())?;
        Ok(Some(at))
    }

    /// The same filter with its times in the reader's zone, for the form's fields.
    pub(super) fn in_zone_of(&self, view: &View) -> Filter {
        let shift = |name: &str, value: &str| match self.time(view, name, value) {
            Ok(Some(at)) => {
                at.to_zoned(view.zone.clone()).strftime("%Y-%m-%dT%H:%M:%S").to_string()
            }
            _ => value.to_owned(),
        };
        Filter {
            from: shift("from", &self.from),
            to: shift("to", &self.to),
            zone: view.zone.iana_name().unwrap_or("UTC").to_owned(),
            ..self.clone()
        }
    }

    /// The address's query: set fields only, the page as asked for.
    pub(super) fn query(&self, before: Option<i64>) -> String {
        let before = before.map(|id| id.to_string()).unwrap_or_default();
        let timed = !self.from.is_empty() || !self.to.is_empty();
        let zone = if timed { self.zone.as_str() } else { "" };
        [
            ("symbol", self.symbol.as_str()),
            ("account", &self.account),
            ("side", &self.side),
            ("state", &self.state),
            ("from", &self.from),
            ("to", &self.to),
            ("zone", zone),
            ("client_order_id", &self.client_order_id),
            ("order_id", &self.order_id),
            ("before", &before),
        ]
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| format!("{name}={}", form_encode(value)))
        .collect::<Vec<_>>()
        .join("&")
    }

    /// Whether the state is this one; for the form.
    pub fn state_is(&self, state: &str) -> bool {
        self.state == state
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn view() -> View {
        View::stranger(&Config::default(), None, "/orders")
    }

    #[test]
    fn times_are_in_the_zone_of_the_address_or_the_readers() {
        let at = |zone: &str| {
            let filter =
                Filter { from: "2026-11-21T09:00".into(), zone: zone.into(), ..Filter::default() };
            filter.wanted(&view()).unwrap().from.unwrap().to_string()
        };
        assert_eq!(at(""), "2026-11-21T00:00:00Z");
        assert_eq!(at("UTC"), "2026-11-21T09:00:00Z");
        let elsewhere =
            Filter { from: "2026-11-21T00:00".into(), zone: "UTC".into(), ..Filter::default() };
        let shown = elsewhere.in_zone_of(&view());
        assert_eq!(
            (shown.from.as_str(), shown.zone.as_str()),
            ("2026-11-21T09:00:00", "Asia/Tokyo")
        );
    }

    #[test]
    fn impossible_values_are_named() {
        for (filter, want) in [
            (Filter { side: "up".into(), ..Filter::default() }, "side=up"),
            (Filter { state: "odd".into(), ..Filter::default() }, "state=odd"),
            (Filter { from: "yesterday".into(), ..Filter::default() }, "from=yesterday"),
            (Filter { order_id: "12x".into(), ..Filter::default() }, "order_id=12x"),
            (Filter { before: "x".into(), ..Filter::default() }, "before=x"),
            (Filter { zone: "Mars".into(), ..Filter::default() }, "zone=Mars"),
        ] {
            assert_eq!(filter.wanted(&view()).unwrap_err(), Problem(want.into()));
        }
    }

    #[test]
    fn what_is_no_part_of_a_filter_is_named() {
        for (query, want) in [
            ("status=filled", "status=filled"),
            ("symbol=7203&simbol=BTC_JPY", "simbol=BTC_JPY"),
            ("Side=buy", "Side=buy"),
            ("side=&side=buy", "side=buy"),
            ("side[]=buy", "side[]=buy"),
            ("x", "x="),
            ("symbol=7203%00", "symbol=7203\\0"),
        ] {
            let read = Filter::read(Some(query));
            assert_eq!(read.wanted(&view()).unwrap_err(), Problem(want.into()), "{query}");
        }
        let all = "symbol=a&account=b&side=buy&state=open&from=2026-11-21T09:00&to=\
            2026-11-21T10:00&zone=UTC&client_order_id=c&order_id=1&before=2";
        let read = Filter::read(Some(all));
        assert!(read.wanted(&view()).is_ok());
        assert_eq!(read.query(Some(2)).replace("%3A", ":"), all, "every field is read");
        assert!(Filter::read(None).wanted(&view()).is_ok());
    }

    #[test]
    fn the_query_holds_the_filter() {
        let filter = Filter {
            symbol: "BTC_JPY".into(),
            client_order_id: "a b&c".into(),
            before: "5".into(),
            zone: "UTC".into(),
            ..Filter::default()
        };
        assert_eq!(filter.query(None), "symbol=BTC_JPY&client_order_id=a%20b%26c");
        assert!(filter.query(Some(7)).ends_with("&before=7"));
    }
}
