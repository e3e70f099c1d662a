//! The blotter's filter as it stands in the address.

use crate::pages::asked::{Asked, Problem};
use crate::reads::orders::Wanted;
use crate::view::View;

/// Fields of the address.
pub(super) const FIELDS: [&str; 15] = [
    "symbol",
    "account",
    "group",
    "side",
    "state",
    "type",
    "condition",
    "via",
    "reason",
    "from",
    "to",
    "zone",
    "client_order_id",
    "order_id",
    "before",
];

/// States to choose from; `working` stands for all live ones.
pub(super) const STATUSES: [&str; 7] =
    ["open", "partially_filled", "pending_trigger", "filled", "cancelled", "expired", "rejected"];
const WORKING: &str = "working";
/// Types to choose from.
pub(super) const TYPES: [&str; 6] =
    ["limit", "market", "stop", "stop_limit", "take_profit", "take_profit_limit"];
/// Conditions to choose from.
pub(super) const CONDITIONS: [&str; 3] = ["opening", "closing", "funari"];
/// Ways in to choose from.
pub(super) const VIAS: [&str; 4] = ["rest", "stream", "admin", "system"];

/// What to ask the database for.
pub(super) fn wanted(asked: &Asked, view: &View) -> Result<Wanted, Problem> {
    asked.check()?;
    let mut states = vec![WORKING];
    states.extend(STATUSES);
    let statuses = match asked.choice("state", &states)?.as_deref() {
        None => Vec::new(),
        Some(WORKING) => {
            ["open", "partially_filled", "pending_trigger"].map(str::to_owned).to_vec()
        }
        Some(state) => vec![state.to_owned()],
    };
    Ok(Wanted {
        symbol: asked.text("symbol"),
        account: asked.text("account"),
        group: asked.number("group")?,
        side: asked.choice("side", &["buy", "sell"])?,
        statuses,
        kind: asked.choice("type", &TYPES)?,
        condition: asked.choice("condition", &CONDITIONS)?,
        via: asked.choice("via", &VIAS)?,
        reason: asked.text("reason"),
        from: asked.time(view, "from")?,
        to: asked.time(view, "to")?,
        client_order_id: asked.text("client_order_id"),
        order_id: asked.number("order_id")?,
    })
}

/// The last order of the page before.
pub(super) fn before(asked: &Asked) -> Result<Option<i64>, Problem> {
    asked.number("before")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn read(query: &str) -> Result<Wanted, Problem> {
        let view = View::stranger(&Config::default(), None, "/orders");
        let asked = Asked::read(Some(query), &FIELDS);
        before(&asked)?;
        wanted(&asked, &view)
    }

    #[test]
    fn impossible_values_are_named() {
        for query in [
            "side=up",
            "state=odd",
            "type=iceberg",
            "condition=none",
            "via=fax",
            "group=x",
            "from=yesterday",
            "order_id=12x",
            "before=x",
            "zone=Mars",
            "status=filled",
        ] {
            assert_eq!(read(query).unwrap_err(), Problem(query.to_owned()));
        }
    }

    #[test]
    fn every_field_is_read() {
        let all = read(
            "symbol=a&account=b&group=3&side=buy&state=working&type=stop&condition=funari&via=admin\
             &reason=off_tick&from=2026-11-21T09:00&to=2026-11-21T10:00&zone=UTC\
             &client_order_id=c&order_id=1&before=2",
        )
        .unwrap();
        assert_eq!((all.group, all.statuses.len(), all.order_id), (Some(3), 3, Some(1)));
        let texts = [
            &all.symbol,
            &all.account,
            &all.side,
            &all.kind,
            &all.condition,
            &all.via,
            &all.reason,
        ];
        assert!(texts.iter().all(|text| text.is_some()) && all.client_order_id.is_some());
        assert!(all.from.unwrap() < all.to.unwrap());
        assert!(read("").unwrap().statuses.is_empty());
    }
}
